package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// recordRoutes are the pages of the access record.
func (s *Server) recordRoutes() map[string]handler {
	return map[string]handler{
		"GET /oversight/record":         s.recordEvents,
		"GET /oversight/record/{entry}": s.recordEvent,
		"GET /oversight/patient":        s.whoSawForm,
		"POST /oversight/patient":       s.whoSaw,
		"GET /oversight/bulk":           s.bulk,
		"GET /oversight/checkpoints":    s.checkpoints,
	}
}

// recordQuery is what an address of the record says: the filter and the page.
type recordQuery struct {
	person, purpose, kind, outcome, from, to string
	before, after                            int64
}

// parseRecord reads an address. canonical is how it is written.
func parseRecord(in url.Values) (q recordQuery, err error) {
	text := func(key string) string { return strings.TrimSpace(in.Get(key)) }
	q = recordQuery{person: text("person"), purpose: text("purpose"), kind: text("kind"), outcome: text("outcome"), from: text("from"), to: text("to")}
	for _, day := range [...]*string{&q.from, &q.to} { // as the field of a form wants it
		if at, err := recordDay(*day); err == nil {
			*day = at.Format(time.DateOnly)
		}
	}
	for key, to := range map[string]*int64{"before": &q.before, "after": &q.after} {
		if in.Get(key) == "" {
			continue
		}
		if *to, err = strconv.ParseInt(in.Get(key), 10, 64); err != nil || *to < 1 {
			return q, fault.New(fault.Invalid, "That is no page of the access record. Start again from its first page.")
		}
	}
	if q.before > 0 && q.after > 0 {
		return q, fault.New(fault.Invalid, "That is no page of the access record. Start again from its first page.")
	}
	return q, nil
}

func (q recordQuery) encode() string {
	var parts []string
	for _, p := range [...][2]string{{"person", q.person}, {"purpose", q.purpose}, {"kind", q.kind}, {"outcome", q.outcome}, {"from", q.from}, {"to", q.to}, {"before", number(q.before)}, {"after", number(q.after)}} {
		if p[1] != "" {
			parts = append(parts, p[0]+"="+url.QueryEscape(p[1]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}

// recordDay reads a day as people write it, 24/11/2026 or 2026-11-24.
func recordDay(text string) (time.Time, error) {
	for _, form := range [...]string{time.DateOnly, "2/1/2006", "2 January 2006", "2 Jan 2006"} {
		if day, err := time.Parse(form, text); err == nil && day.Year() >= 1900 && day.Year() <= 2200 {
			return day, nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "Write a day as 24/11/2026 or 2026-11-24.")
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// filter turns the words of the address into what is searched for.
func (q recordQuery) filter() (audit.Filter, error) {
	f := audit.Filter{Actor: q.person, Purpose: q.purpose, Kind: q.kind, Outcome: q.outcome, Before: q.before, After: q.after}
	for _, d := range [...]struct {
		text string
		add  int
		to   *time.Time
	}{{q.from, 0, &f.From}, {q.to, 1, &f.Until}} {
		if d.text == "" {
			continue
		}
		day, err := recordDay(d.text)
		if err != nil {
			return f, err
		}
		*d.to = day.AddDate(0, 0, d.add)
	}
	if !f.From.IsZero() && !f.Until.IsZero() && !f.From.Before(f.Until) {
		return f, fault.New(fault.Invalid, "The first day comes after the last. Change one of the two.")
	}
	switch {
	case q.outcome != "" && !slices.ContainsFunc(view.Outcomes(), func(o view.Pair) bool { return o.Key == q.outcome }):
		return f, fault.New(fault.Invalid, "There is no event of that outcome. Choose one from the list.")
	case len(q.person) > 100 || len(q.purpose) > 100 || len(q.kind) > 100:
		return f, fault.New(fault.Invalid, "Account names, references of agreements and kinds of events are shorter than that.")
	}
	return f, nil
}

// recordEvents is the list of events.
func (s *Server) recordEvents(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	q, err := parseRecord(r.URL.Query())
	var f audit.Filter
	if err == nil {
		f, err = q.filter()
	}
	if !v.access.Oversees() { // before what is wrong with the address
		_, err = s.c.Warehouse.Record(r.Context(), v.access, audit.Filter{}, v.client)
		return err
	}
	if err != nil {
		return err
	}
	if want := q.encode(); want != "?"+r.URL.RawQuery && (want != "" || r.URL.RawQuery != "") {
		http.Redirect(w, r, "/oversight/record"+want, http.StatusSeeOther)
		return nil
	}
	page, err := s.c.Warehouse.Record(r.Context(), v.access, f, v.client)
	if err != nil {
		return err
	}
	x := view.EventList{Person: q.person, Agreement: q.purpose, Kind: q.kind, Outcome: q.outcome, From: q.from, To: q.to, Filtered: recordQuery{person: q.person, purpose: q.purpose, kind: q.kind, outcome: q.outcome, from: q.from, to: q.to} != recordQuery{}}
	for _, k := range page.Kinds {
		x.Kinds = append(x.Kinds, view.Pair{Key: k, Value: view.KindLabel(k)})
	}
	if q.kind != "" && !slices.Contains(page.Kinds, q.kind) { // the page says what was asked
		x.Kinds = append(x.Kinds, view.Pair{Key: q.kind, Value: view.KindLabel(q.kind)})
	}
	slices.SortFunc(x.Kinds, func(a, b view.Pair) int { return strings.Compare(a.Value, b.Value) })
	users, err := s.c.Store.Users(r.Context())
	if err != nil {
		return err
	}
	for _, u := range users {
		x.People = append(x.People, view.Pair{Key: u.Name, Value: u.Display})
	}
	all, err := s.c.Store.Agreements(r.Context())
	if err != nil {
		return err
	}
	for _, a := range all {
		x.Agreements = append(x.Agreements, view.Pair{Key: a.Ref, Value: a.Title})
	}
	x.Spans = s.recordSpans(q)
	x.Events, x.Tab = s.events(page, "/oversight/record", q), "record"
	switch { // of whatever days
	case q == recordQuery{outcome: "refused", from: q.from, to: q.to, before: q.before, after: q.after}:
		x.Tab = "refusals"
	case q == recordQuery{kind: "alert", from: q.from, to: q.to, before: q.before, after: q.after}:
		x.Tab = "alerts"
	}
	return s.show(w, r, http.StatusOK, view.RecordListPage(s.frame(r, "Access record", "record"), x))
}

// recordSpans are the ways to the same events of other days.
func (s *Server) recordSpans(q recordQuery) []view.Span {
	today := s.c.Now().UTC().Truncate(24 * time.Hour)
	q.before, q.after = 0, 0
	var out []view.Span
	for _, span := range [...]struct {
		text string
		days int // before today; -1: all
	}{{"Today", 0}, {"Last 7 days", 6}, {"Last 30 days", 29}, {"All days", -1}} {
		to := q
		if to.from, to.to = "", ""; span.days >= 0 {
			to.from = today.AddDate(0, 0, -span.days).Format(time.DateOnly)
		}
		out = append(out, view.Span{Text: span.text, URL: "/oversight/record" + to.encode(), Now: to == q})
	}
	return out
}

// events makes a page's lines and the ways to the pages beside it.
func (s *Server) events(page *warehouse.Events, address string, q recordQuery) view.Events {
	var out view.Events
	for _, e := range page.List {
		out.Lines = append(out.Lines, s.eventLine(e))
	}
	if n := len(page.List); n > 0 {
		q.before, q.after = 0, page.List[0].Seq
		if page.Newer {
			out.Newer = address + q.encode()
		}
		q.before, q.after = page.List[n-1].Seq, 0
		if page.Older {
			out.Older = address + q.encode()
		}
	}
	return out
}

// recordTime is how the lists of the record write a moment.
const recordTime = "2 Jan 2006 15:04:05"

func (s *Server) eventLine(e audit.Entry) view.Event {
	v := e.Event
	return view.Event{Number: strconv.FormatInt(e.Seq, 10), When: v.At.UTC().Format(recordTime), Person: v.Actor, Role: view.RoleLabel(v.Role), Kind: view.KindLabel(v.Kind), Purpose: v.Purpose,
		Question: s.inWords(v), Recorded: v.Question, Shown: digits(v.Rows), People: digits(v.Persons.Len()), Outcome: v.Outcome, Refused: v.Outcome == "refused" || v.Kind == "alert",
		Release: v.Release, Unit: v.Unit, Address: v.Address, Request: v.Request, Hash: e.Hash}
}

// digits writes a number of an event, in groups of three; "" for none.
func digits(n int) string {
	if n == 0 {
		return ""
	}
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// recordEvent is one event.
func (s *Server) recordEvent(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	seq, err := strconv.ParseInt(r.PathValue("entry"), 10, 64)
	if err != nil {
		seq = 0 // there is no such event
	}
	e, err := s.c.Warehouse.RecordEntry(r.Context(), v.access, seq, v.client)
	if err != nil {
		return err
	}
	x := s.eventLine(*e)
	x.When = e.Event.At.UTC().Format("2 January 2006 15:04:05.000")
	if _, err := s.c.Store.UserByName(r.Context(), e.Event.Actor); err == nil { // else it is a system user, or the account is gone
		x.PersonURL = personURL(e.Event.Actor)
	}
	ref, _, _ := strings.Cut(e.Event.Purpose, " ") // a reference has no space in it
	if _, err := s.c.Store.Agreement(r.Context(), ref); ref != "" && err == nil {
		x.AgreementURL = agreementURL(ref, "")
	}
	x.OthersURL = "/oversight/record" + recordQuery{person: e.Event.Actor, before: e.Seq + 1}.encode()
	return s.show(w, r, http.StatusOK, view.EventPage(s.frame(r, "Event "+x.Number, "record"), x))
}

// bulk ranks people by what they were shown in a day or a week.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	in := r.URL.Query()
	today := s.c.Now().UTC().Truncate(24 * time.Hour)
	span := warehouse.Span{Days: 1, Start: today}
	x := view.Bulk{By: "day"}
	if in.Get("by") == "week" {
		span.Days, x.By = 7, "week"
	}
	var bad error
	if day := in.Get("day"); day != "" {
		if span.Start, bad = recordDay(strings.TrimSpace(day)); bad != nil {
			span.Start = today
		}
	}
	if span.Days == 7 {
		span.Start = span.Start.AddDate(0, 0, -(int(span.Start.Weekday())+6)%7) // the Monday
	}
	if bad != nil && v.access.Oversees() {
		return bad
	}
	list, err := s.c.Warehouse.Viewing(r.Context(), v.access, span, v.client)
	if err != nil {
		return err
	}
	if in.Get("rank") == "rows" {
		x.ByRows = true
		slices.SortStableFunc(list, func(a, b warehouse.Viewing) int { return b.Rows - a.Rows })
	}
	address := func(days int, day time.Time, rows bool) string {
		var parts []string
		if days == 7 {
			parts = append(parts, "by=week")
		}
		if day != today {
			parts = append(parts, "day="+day.Format(time.DateOnly))
		}
		if rows {
			parts = append(parts, "rank=rows")
		}
		if len(parts) == 0 {
			return "/oversight/bulk"
		}
		return "/oversight/bulk?" + strings.Join(parts, "&")
	}
	x.Day = span.Start.Format(time.DateOnly)
	x.Title = span.Start.Format("Monday 2 January 2006")
	if span.Days == 7 {
		x.Title = "Week from " + span.Start.Format("2 January 2006")
	}
	x.Earlier = address(span.Days, span.Start.AddDate(0, 0, -span.Days), x.ByRows)
	if !span.End().After(today) {
		x.Later = address(span.Days, span.End(), x.ByRows)
	}
	x.ByPatientsURL, x.ByRowsURL = address(span.Days, span.Start, false), address(span.Days, span.Start, true)
	x.DayURL, x.WeekURL = address(1, span.Start, x.ByRows), address(7, span.Start, x.ByRows)
	for _, p := range list {
		line := view.BulkLine{Person: p.Person, Views: digits(p.Views), Shown: digits(p.Rows), People: digits(p.Patients), Usual: "not known yet", Limit: digits(p.LimitPatients) + " patients or " + digits(p.LimitRows) + " rows", Marked: p.Marked}
		if p.Spans >= 5 {
			line.Usual = digits(p.UsualPatients) + " patients, " + digits(p.UsualRows) + " rows"
		}
		last := span.End().AddDate(0, 0, -1).Format(time.DateOnly)
		line.URL = "/oversight/record" + recordQuery{person: p.Person, from: x.Day, to: last}.encode()
		x.Lines = append(x.Lines, line)
	}
	return s.show(w, r, http.StatusOK, view.BulkPage(s.frame(r, "Bulk viewing", "record"), x))
}

// checkpoints shows what was signed, and whether it is time again.
func (s *Server) checkpoints(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	list, err := s.c.Warehouse.Checkpoints(r.Context(), v.access, v.client)
	if err != nil {
		return err
	}
	var last time.Time
	if len(list) > 0 {
		last = list[0].At
	}
	x := view.Checkpoints{Overdue: late(last, s.c.Now())}
	for _, c := range list[:min(len(list), 60)] {
		x.List = append(x.List, view.Checkpoint{When: c.At.UTC().Format("2 January 2006 15:04"), Entries: digits(int(c.Entries)), Text: string(c.Note)})
	}
	return s.show(w, r, http.StatusOK, view.CheckpointsPage(s.frame(r, "Checkpoints", "record"), x))
}

// ownRecord is what was recorded of whoever is signed in. It holds what they
// filtered by, so a password alone does not open it.
func (s *Server) ownRecord(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err == nil {
		err = s.c.Auth.Enough(r.Context(), u, x)
	}
	if err != nil {
		return err
	}
	q, err := parseRecord(url.Values{"before": r.URL.Query()["before"], "after": r.URL.Query()["after"]})
	if err != nil {
		return err
	}
	page, err := s.c.Warehouse.OwnRecord(r.Context(), u.Name, u.Role, audit.Filter{Before: q.before, After: q.after}, s.client(r))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, view.OwnRecordPage(s.frame(r, "What was recorded about you", "account"), s.events(page, "/account/log", recordQuery{})))
}
