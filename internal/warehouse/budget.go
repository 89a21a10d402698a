package warehouse

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// Budget is how much one person may look at within an hour. The fixed tables do not
// change, so whoever asks for more wants to collect them; nobody reads as many
// records as an hour's budget has, so whoever goes on takes them away. A number that
// is 0 is the usual one.
type Budget struct {
	Tables  int // fixed tables, lists of them and their files; 0: 300
	Same    int // times the same table, before the governance lead hears of it; 0: 40
	Records int // records and patients that are opened or looked for, found or not; 0: 1000
	Rows    int // rows of patients' records shown, in lists and beside records; 0: 30000
}

func (b Budget) whole() Budget {
	for _, n := range []struct {
		of    *int
		usual int
	}{{&b.Tables, 300}, {&b.Same, 40}, {&b.Records, 1000}, {&b.Rows, 30_000}} {
		if *n.of == 0 {
			*n.of = n.usual
		}
	}
	return b
}

// look is one thing that somebody asks to see.
type look struct {
	at    time.Time
	table bool   // a fixed table, the list of them or a file
	name  string // of the table; "" is the list
	opens bool   // one record, or one patient
	rows  int    // that may be shown; once they are known, that were
}

// spent is what one person has looked at.
type spent struct {
	looks   []*look // of the last hour, the oldest first
	alerted map[string]time.Time
}

// purse knows what everybody has looked at since the program started.
type purse struct {
	mu  sync.Mutex
	who map[string]*spent
}

const budgetTime = time.Hour

// says tells what a further look comes to: over is what the hour's budget of is
// spent, alert is what the governance lead should hear, and kind is what of.
func (s *spent) says(l *look, b Budget) (over, alert, kind string) {
	tables, same, opened, rows := 1, 1, 1, 0
	for _, v := range s.looks {
		rows += v.rows
		switch {
		case v.table && v.name == l.name:
			tables, same = tables+1, same+1
		case v.table:
			tables++
		case v.opens:
			opened++
		}
	}
	more := func(n int, of string) string { return fmt.Sprintf("more than %d %s within an hour", n, of) }
	switch {
	case l.table && tables > b.Tables:
		return fmt.Sprintf("opened %d tables and files", b.Tables), more(b.Tables, "tables and files"), "over"
	case l.table && same > b.Same && l.name != "":
		return "", fmt.Sprintf("the table %s more than %d times within an hour", l.name, b.Same), l.name
	case l.table:
	case l.opens && opened > b.Records:
		return fmt.Sprintf("opened or looked for %d records and patients", b.Records), more(b.Records, "records and patients"), "over"
	case rows >= b.Rows:
		return fmt.Sprintf("been shown %d rows of records", b.Rows), more(b.Rows, "rows of records"), "over"
	case l.opens && opened > b.Records/2:
		return "", more(b.Records/2, "records and patients"), "half the records"
	case rows >= b.Rows/2:
		return "", more(b.Rows/2, "rows of records"), "half the rows"
	}
	return "", "", ""
}

// take notes that somebody looks at something, and tells what is to be said of it.
// An alert is given once an hour.
func (p *purse) take(account string, l *look, b Budget) (over, alert string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.who == nil {
		p.who = map[string]*spent{}
	}
	s := p.who[account]
	if s == nil {
		s = &spent{alerted: map[string]time.Time{}}
		p.who[account] = s
	}
	for len(s.looks) > 0 && !l.at.Before(s.looks[0].at.Add(budgetTime)) {
		s.looks = s.looks[1:]
	}
	over, alert, kind := s.says(l, b)
	if over == "" {
		s.looks = append(s.looks, l)
	}
	if alert == "" {
		return over, ""
	}
	if last, told := s.alerted[kind]; told && l.at.Before(last.Add(budgetTime)) {
		return over, ""
	}
	s.alerted[kind] = l.at
	return over, alert
}

// settle notes how many rows a look has shown. One that has shown nothing, and
// opened nothing, was none.
func (p *purse) settle(account string, l *look, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.rows = rows
	if s := p.who[account]; rows == 0 && !l.opens && !l.table {
		s.looks = slices.DeleteFunc(s.looks, func(v *look) bool { return v == l })
	}
}

// spend takes a look from somebody's budget. An alert is an event before the answer,
// like every other.
func (w *Warehouse) spend(ctx context.Context, acc policy.Access, a asking, l *look) error {
	l.at = w.o.Now()
	over, alert := w.purse.take(acc.Account(), l, w.o.Budget)
	outcome := "shown"
	if over != "" {
		outcome = "refused"
	}
	if alert != "" {
		e := w.event(acc, a, "")
		e.Kind, e.Question, e.Unit, e.Outcome = "alert", alert, "", outcome
		if err := w.o.Recorder.Record(ctx, e); err != nil {
			return audit.Unwritten(err, "nothing can be shown")
		}
	}
	if over == "" {
		return nil
	}
	return w.recordRefusal(ctx, w.event(acc, a, ""), fault.New(fault.Limited, "You have %s within an hour, which is as many as one person may. Go on in an hour, or ask the information governance lead if your work needs more.", over))
}

// look is what a question about records comes to, before it is answered; nil if it
// shows none. Every row that its page may have is held back until it is known how
// many there are, so that nobody gets more by asking many at once.
func (a asking) look(acc policy.Access) *look {
	if !acc.SeesRows() || a.query.Limit == 0 {
		return nil
	}
	return &look{opens: a.episode != "" || a.patient != "" || a.scope.Number != "", rows: a.query.Limit}
}
