package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/metrics"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/spreadsheet"
	"webenablehes/internal/warehouse"
)

func entryHas(hash string, found *bool) func(audit.Entry) bool {
	return func(e audit.Entry) bool {
		*found = e.Hash == hash
		return !*found
	}
}

// wanted says on the command line which entries are wanted.
type wanted struct {
	Person  string `help:"Account name, or system user, whose events are wanted."`
	Purpose string `help:"Reference of the agreement."`
	Kind    string `help:"Kind of event, such as view, record, patient, sign-in, alert."`
	Outcome string `help:"Outcome, such as shown, refused, done."`
	From    string `help:"First day, or moment, as 2026-11-24 or 2026-11-24T09:00 (UTC)."`
	To      string `help:"Last day, or moment up to which."`
	Patient bool   `help:"Only events that showed rows of one patient. The patient's person key is read from standard input, so that it stands in no list of processes and no history."`
}

// filter reads what is wanted.
func (c wanted) filter(g *globals, reg *sqlstore.Store) (audit.Filter, error) {
	f := audit.Filter{Actor: c.Person, Purpose: c.Purpose, Kind: c.Kind, Outcome: c.Outcome}
	for _, m := range [...]struct {
		text string
		last bool
		to   *time.Time
	}{{c.From, false, &f.From}, {c.To, true, &f.Until}} {
		if m.text == "" {
			continue
		}
		if day, err := time.Parse(time.DateOnly, m.text); err == nil {
			if *m.to = day; m.last {
				*m.to = day.AddDate(0, 0, 1)
			}
		} else if *m.to, err = time.Parse("2006-01-02T15:04", m.text); err != nil {
			return f, fault.New(fault.Invalid, "Write days as 2026-11-24 and moments as 2026-11-24T09:00.")
		}
	}
	if !c.Patient {
		return f, nil
	}
	line, err := bufio.NewReader(io.LimitReader(g.env.In, 4096)).ReadString('\n')
	if key := strings.TrimSpace(line); err != nil && !errors.Is(err, io.EOF) || key == "" {
		return f, fault.New(fault.Invalid, "Give the patient's person key (TOKEN_PERSON_ID) on standard input.")
	}
	dict, _, err := vocabulary()
	if err != nil {
		return f, err
	}
	log := slog.New(slog.NewTextHandler(g.env.Err, nil))
	door, err := g.door(reg, &served{dict: dict, log: log, seen: metrics.New()}, warehouse.Budget{}, dict, log)
	if err != nil {
		return f, err
	}
	f.Patient = door.Mark(line)
	return f, nil
}

// asked records that somebody looked, before anything is shown.
func (c wanted) asked(g *globals, reg *sqlstore.Store, f audit.Filter, how string) error {
	e := audit.Event{At: g.now(), Kind: "oversight", Actor: systemUser(), Question: how + " of " + f.Words(), Outcome: "shown"}
	if f.Patient != "" {
		e.Persons = audit.NewPersons([]audit.Mark{f.Patient})
	}
	return reg.Record(g.ctx, e)
}

type auditSearchCmd struct {
	wanted
	Limit int `help:"Entries to list at most, the newest first." default:"100"`
}

// Run lists entries.
func (c auditSearchCmd) Run(g *globals) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	f, err := c.filter(g, reg)
	if err != nil {
		return err
	}
	if err := c.asked(g, reg, f, "search"); err != nil {
		return err
	}
	out, n, more := g.listing(), 0, false
	fmt.Fprintln(out, "Entry\tWhen (UTC)\tWho\tPurpose\tKind\tOutcome\tRows\tPatients\tQuestion")
	err = reg.Search(g.ctx, f, func(e audit.Entry) bool {
		if n == c.Limit {
			more = true
			return false
		}
		n++
		v := e.Event
		fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", e.Seq, v.At.UTC().Format("2006-01-02 15:04:05"), oneLine(v.Actor), oneLine(v.Purpose), v.Kind, v.Outcome, v.Rows, v.Persons.Len(), oneLine(v.Question))
		return true
	})
	if err != nil {
		return err
	}
	if more {
		fmt.Fprintf(out, "\nThere are more; --limit lists them, or “audit export” writes them to a file.\n")
	}
	return out.Flush()
}

// oneLine keeps a text from looking like two lines of a list, and from telling the
// terminal anything.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }), " ")
}

type auditExportCmd struct {
	wanted
	signing
	Out    string `required:"" help:"File to write; it must not be there. FILE.checkpoint is written beside it." type:"path"`
	Format string `help:"jsonl or csv. In CSV a text that a spreadsheet would take for a formula begins with an apostrophe." enum:"jsonl,csv" default:"jsonl"`
}

// line is an entry in JSON. The body is as it was written, so that the file can be
// checked against the checkpoint.
type line struct {
	Seq   int64           `json:"seq"`
	Hash  string          `json:"hash"`
	Event json.RawMessage `json:"event"`
}

// Run writes entries to a file.
func (c auditExportCmd) Run(g *globals) (err error) {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	f, err := c.filter(g, reg)
	if err != nil {
		return err
	}
	if err := c.asked(g, reg, f, "export"); err != nil {
		return err
	}
	_, signed, err := c.sign(g, reg)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fault.New(fault.Conflict, "The file named with --out is there already; name another.")
	}
	n := 0
	if err == nil {
		n, err = c.write(g, reg, f, file)
		err = errors.Join(err, file.Sync(), file.Close())
		if err == nil {
			err = addTo(c.Out+".checkpoint", signed)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(c.Out)) // half an export must not look like a whole one
		}
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The entries could not be written to the file named with --out; check free space and the rights of its folder")
	}
	if c.inside(g) {
		fmt.Fprintln(g.env.Err, insideSays)
	}
	_, err = fmt.Fprintf(g.env.Out, "Wrote %d entries.\n", n)
	return err
}

func (c auditExportCmd) write(g *globals, reg *sqlstore.Store, f audit.Filter, to io.Writer) (n int, err error) {
	f.Oldest = true
	buffer := bufio.NewWriter(to)
	each := func(e audit.Entry) error { return json.NewEncoder(buffer).Encode(line{e.Seq, e.Hash, e.Body}) }
	flush := buffer.Flush
	if c.Format == "csv" {
		out := csv.NewWriter(buffer)
		err = out.Write([]string{"entry", "at", "kind", "actor", "role", "purpose", "release", "question", "unit", "rows", "patients", "outcome", "address", "request", "persons", "hash"})
		each = func(e audit.Entry) error {
			v := e.Event
			cells := []string{strconv.FormatInt(e.Seq, 10), v.At.UTC().Format(time.RFC3339Nano), v.Kind, v.Actor, v.Role, v.Purpose, v.Release, v.Question, v.Unit,
				strconv.Itoa(v.Rows), strconv.Itoa(v.Persons.Len()), v.Outcome, v.Address, v.Request, string(v.Persons), e.Hash}
			for i := range cells {
				cells[i] = spreadsheet.Safe(cells[i])
			}
			return out.Write(cells)
		}
		flush = func() error { out.Flush(); return errors.Join(out.Error(), buffer.Flush()) }
	}
	if err != nil {
		return 0, err
	}
	var bad error
	err = reg.Search(g.ctx, f, func(e audit.Entry) bool {
		bad = each(e)
		n++
		return bad == nil
	})
	return n, errors.Join(err, bad, flush())
}
