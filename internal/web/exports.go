package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/export"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// exportRoutes are the pages of files that people take away.
func (s *Server) exportRoutes() map[string]handler {
	return map[string]handler{
		"GET /exports":                   s.exportsOf,
		"GET /exports/new":               s.askForExport,
		"POST /exports/new":              s.askForExport,
		"GET /exports/definition/{file}": s.define,
		"GET /exports/{id}":              s.exportPage,
		"POST /exports/{id}":             s.exportPage,
		"GET /exports/{id}/{file}":       s.fetchExport,
		"GET /oversight/exports":         s.exportsAll,
		"GET /oversight/exports/{id}":    s.decideExport,
		"POST /oversight/exports/{id}":   s.decideExport,
	}
}

func (v visitor) from() export.From {
	return export.From{Address: v.client.Address, Request: v.client.Request}
}

// exportURL is where a file of what a state shows is asked for.
func exportURL(state query.View) string {
	return "/exports/new" + strings.TrimPrefix(firstPage(state), "/records")
}

// askForExport is the form on which a file of a list is asked for. The list is in
// its address, and in the form when it is sent.
func (s *Server) askForExport(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if err := v.access.MayExport(policy.Records); err != nil {
		return err
	}
	in := r.URL.Query()
	if r.Method == http.MethodPost {
		if err := v.form(w, r, 1<<16, unreadable); err != nil {
			return err
		}
		if in, err = url.ParseQuery(r.PostForm.Get("list")); err != nil {
			return fault.Wrap(fault.Invalid, err, "%s", unreadable)
		}
	}
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	columns, _, err := s.chosen(r, v, &sc.state)
	if err != nil {
		return err
	}
	if sc.state.Charts {
		return fault.New(fault.Invalid, "A file of records is asked for from a list. The numbers of a chart have a link of their own below it.")
	}
	if sc.state.Columns = columns; sc.state.Unit == query.Patients {
		sc.state.Columns = nil
	}
	x := registry.Export{View: sc.state.Encode(), Words: s.listWords(sc), Unit: sc.state.Unit.String(), Format: r.PostForm.Get("format"), Reason: r.PostForm.Get("reason")}
	if r.Method == http.MethodGet {
		return s.exportForm(w, r, v, sc, x, http.StatusOK, url.Values{"format": {"csv"}}, nil)
	}
	var wrong []registry.Problem
	if err := export.CheckFormat(x.Format); err != nil {
		wrong = append(wrong, registry.Problem{At: "format", Say: fault.Say(err)})
	}
	if err := export.CheckReason(x.Reason); err != nil {
		wrong = append(wrong, registry.Problem{At: "reason", Say: fault.Say(err)})
	}
	if r.PostForm.Get("agree") == "" {
		wrong = append(wrong, registry.Problem{At: "agree", Say: "Tick that the file is for this purpose only."})
	}
	if len(wrong) == 0 {
		id, err := s.exports.Ask(r.Context(), v.user, v.access, x, v.from())
		if err == nil {
			http.Redirect(w, r, "/exports/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
			return nil
		}
		if fault.Of(err) != fault.Conflict {
			return err
		}
		wrong = []registry.Problem{{At: "", Say: fault.Say(err)}}
	}
	return s.exportForm(w, r, v, sc, x, http.StatusBadRequest, r.PostForm, wrong)
}

// listWords says a list in words, with its filters.
func (s *Server) listWords(sc scene) string {
	var filters []string
	for _, c := range s.chips(sc, firstPage) {
		filters = append(filters, c.Says())
	}
	if len(filters) == 0 {
		return "All " + sc.state.Unit.String() + " that the agreement covers"
	}
	return sentenceCase(sc.state.Unit.String()) + ": " + strings.Join(filters, "; and ")
}

func (s *Server) exportForm(w http.ResponseWriter, r *http.Request, v visitor, sc scene, x registry.Export, status int, in url.Values, wrong []registry.Problem) error {
	counts, err := s.c.Warehouse.Tabulate(r.Context(), v.access, query.Query{Unit: sc.state.Unit, Where: sc.state.Where(), Counts: true}, "how long a file would be", v.client)
	if err != nil {
		return err
	}
	n := map[query.Unit]policy.Count{query.Episodes: counts.Episodes, query.Patients: counts.Patients, query.Spells: counts.Spells}[sc.state.Unit]
	f := newForm(in, wrong)
	page := view.ExportForm{Errors: f.summary(), Lines: n, Unit: x.Unit, Words: x.Words, List: x.View, Back: firstPage(sc.state), DefinitionText: definitionURL(sc.state, "txt"), DefinitionJSON: definitionURL(sc.state, "json"),
		Reason: f.long("reason", "What is the file for?", "At least 20 characters. The person who decides reads it, and it is kept with the file. Name no patient"), FormatError: f.say("format"), AgreeError: f.say("agree")}
	page.Ref, page.Title = v.access.Agreement()
	for _, format := range export.Formats() {
		b := view.Box{Name: "format", Value: format, Label: formatLabel(format), On: in.Get("format") == format}
		if most := export.MostLines(format); most > 0 && n.Published() > most {
			b.Label += ": too long, a sheet holds " + policy.Thousands(most) + " lines"
		}
		page.Formats = append(page.Formats, b)
	}
	if at, what, ok := v.access.Ends(); ok {
		page.Checks = append(page.Checks, view.Fact{Label: "Your access is in date", Value: sentenceCase(what) + " ends " + s.written(at, true)})
	}
	if len(sc.state.Columns) > 0 {
		page.Checks = append(page.Checks, view.Fact{Label: "Columns are within your agreement", Value: strconv.Itoa(len(sc.state.Columns)) + " of " + strconv.Itoa(len(sc.state.Columns))})
	}
	page.Checks = append(page.Checks,
		view.Fact{Label: "A second person decides", Value: "An information governance lead sees what is asked for and why, not the records. You can fetch the file for a week after that."},
		view.Fact{Label: "Logged", Value: "Who asked, who decided, every download and the file’s SHA-256 are kept in the access record."})
	title := "Export " + n.String() + " " + x.Unit
	if len(wrong) > 0 {
		title = "Error: " + title
	}
	return s.show(w, r, status, view.ExportFormPage(s.frame(r, title, "records"), page))
}

func formatLabel(f string) string {
	switch f {
	case "xlsx":
		return "Excel workbook"
	case "parquet":
		return "Parquet, for R, Python and databases"
	}
	return "CSV, comma-separated text"
}

// stateWords says how far a file is.
func stateWords(x registry.Export) string {
	switch x.State {
	case registry.ExportMaking:
		return "being made"
	case registry.ExportWaiting:
		return "waits for a decision"
	case registry.ExportApproved:
		return "ready to fetch"
	case registry.ExportRejected:
		return "not let out"
	case registry.ExportWithdrawn:
		return "withdrawn"
	case registry.ExportExpired:
		return "expired"
	}
	return "could not be made"
}

// exportsOf lists what a person asked for. It stays readable when the access has
// ended: it shows no record.
func (s *Server) exportsOf(w http.ResponseWriter, r *http.Request) error {
	u, session, err := s.person(r)
	if err == nil {
		err = s.c.Auth.Enough(r.Context(), u, session)
	}
	if err != nil {
		return err
	}
	if !u.SeesRecords() {
		return fault.New(fault.Denied, "This account asks for no files.")
	}
	mine, err := s.c.Store.ExportsOf(r.Context(), u.ID)
	if err != nil {
		return err
	}
	var x view.ExportsList
	for _, e := range mine {
		x.Lines = append(x.Lines, s.exportLine(e, "/exports/"+strconv.FormatInt(e.ID, 10)))
	}
	return s.show(w, r, http.StatusOK, view.ExportsPage(s.frame(r, "Files", "files"), x))
}

func (s *Server) exportLine(e registry.Export, address string) view.ExportLine {
	l := view.ExportLine{Number: strconv.FormatInt(e.ID, 10), URL: address, Words: e.Words, Asked: s.written(e.Asked, false), Format: strings.ToUpper(e.Format), Ref: e.Agreement, State: stateWords(e), Good: e.State == registry.ExportApproved}
	if !e.Made.IsZero() {
		l.Lines = policy.Thousands(e.Lines)
	}
	if e.State == registry.ExportApproved {
		l.Until = s.written(e.Until, true)
	}
	return l
}

// exportFacts is what is known of a file. Its size tells of what is in it, so it is
// for who asked only.
func (s *Server) exportFacts(e registry.Export, own bool) []view.Fact {
	var out []view.Fact
	add := func(label, value string) {
		if value != "" {
			out = append(out, view.Fact{Label: label, Value: value})
		}
	}
	add("What", e.Words)
	add("Agreement", e.Agreement)
	add("For", e.Reason)
	add("Asked", s.written(e.Asked, false))
	add("Format", strings.ToUpper(e.Format))
	if !e.Made.IsZero() {
		add("Made", s.written(e.Made, false))
		add("Lines", policy.Thousands(e.Lines)+" "+e.Unit)
		if own {
			add("Size", fileSize(e.Bytes))
		}
		add("Columns", strings.Join(e.Columns, ", "))
		add("Release", e.Release)
		add("SHA-256", e.SHA256)
	}
	if e.DecidedBy != "" {
		add("Decided", s.written(e.Decided, false)+" by "+e.DecidedBy)
	}
	if e.State == registry.ExportApproved {
		add("Can be fetched until", s.written(e.Until, true))
	}
	if e.Fetched > 0 {
		add("Fetched", strconv.Itoa(e.Fetched)+map[bool]string{true: " time", false: " times"}[e.Fetched == 1])
	}
	add("Why", e.Why)
	return out
}

// exportOf is the number of a file in an address.
func exportOf(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, fault.New(fault.NotFound, "There is no such file among those that you asked for.")
	}
	return id, nil
}

// exporter is who asks for one of their own files.
func (s *Server) exporter(r *http.Request) (visitor, int64, error) {
	v, err := s.who(r)
	if err == nil {
		err = v.access.MayExport(policy.Records)
	}
	if err != nil {
		return v, 0, err
	}
	id, err := exportOf(r)
	return v, id, err
}

// exportPage is one file of a person's own, and what can be done with it.
func (s *Server) exportPage(w http.ResponseWriter, r *http.Request) error {
	v, id, err := s.exporter(r)
	if err != nil {
		return err
	}
	u := v.user
	status, in := http.StatusOK, url.Values{}
	var wrong []registry.Problem
	if r.Method == http.MethodPost {
		if err := v.form(w, r, 1<<14, unreadable); err != nil {
			return err
		}
		in = r.PostForm
		switch in.Get("do") {
		case "withdraw":
			err = s.exports.Withdraw(r.Context(), u, id, v.from())
		case "amend":
			err = s.exports.Amend(r.Context(), u, id, in.Get("reason"), v.from())
		default:
			err = fault.New(fault.Invalid, "%s", unreadable)
		}
		k := fault.Of(err)
		switch {
		case err == nil:
			http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
			return nil
		case in.Get("do") != "amend" || k != fault.Invalid && k != fault.Conflict:
			return err
		}
		status, wrong = k.Status(), []registry.Problem{{At: "reason", Say: fault.Say(err)}}
	}
	e, err := s.exports.Own(r.Context(), u, id, v.from())
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		in = url.Values{"reason": {e.Reason}}
	}
	f := newForm(in, wrong)
	x := view.ExportSheet{Line: s.exportLine(e, r.URL.Path), Facts: s.exportFacts(e, true), Errors: f.summary(), Open: !export.Final(e.State), Making: e.State == registry.ExportMaking,
		Reason: f.long("reason", "Another reason", "A file that was let out waits for a decision again")}
	if e.State == registry.ExportApproved {
		x.File, x.Side = r.URL.Path+"/"+export.Name(e), r.URL.Path+"/"+export.SideName(e)
		if v.session.Agreement != e.Agreement {
			x.File, x.Side, x.Elsewhere = "", "", e.Agreement
		}
	}
	return s.show(w, r, status, view.ExportPage(s.frame(r, "File "+x.Line.Number, "files"), x))
}

// fetchExport hands a file out to who asked for it.
func (s *Server) fetchExport(w http.ResponseWriter, r *http.Request) error {
	v, id, err := s.exporter(r)
	if err != nil {
		return err
	}
	e, err := s.exports.Own(r.Context(), v.user, id, v.from())
	if err != nil {
		return err
	}
	name := r.PathValue("file")
	side := name == export.SideName(e)
	if !side && name != export.Name(e) {
		return fault.New(fault.NotFound, "There is no such file to be fetched. Files says how far it is.")
	}
	f, e, err := s.exports.Fetch(r.Context(), v.user, v.access, id, side, v.from())
	if err != nil {
		return err
	}
	defer f.Close()
	made(r)
	return handOut(w, f, name)
}

// handOut sends a whole file, however long it takes a slow connection.
func handOut(w http.ResponseWriter, f *os.File, name string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	types := map[string]string{"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "parquet": "application/vnd.apache.parquet", "txt": "text/plain; charset=utf-8"}
	h := w.Header()
	h.Set("Content-Type", types[name[strings.LastIndexByte(name, '.')+1:]])
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	to := http.NewResponseController(w)
	for {
		if err := to.SetWriteDeadline(time.Now().Add(handOutTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		switch _, err := io.CopyN(w, f, handOutAtOnce); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return ignoreGone(err)
		}
	}
}

// What is sent of a file at once, and how long that may take: the server's own
// limit is for pages.
const (
	handOutAtOnce = 1 << 20
	handOutTime   = 2 * time.Minute
)

// exportsAll lists all files, those that wait for a decision first.
func (s *Server) exportsAll(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.overseer(r, false); err != nil {
		return err
	}
	all, err := s.c.Store.Exports(r.Context())
	if err != nil {
		return err
	}
	var x view.ExportsList
	for _, e := range all {
		l := s.exportLine(e, "/oversight/exports/"+strconv.FormatInt(e.ID, 10))
		u, err := s.c.Store.User(r.Context(), e.UserID)
		if err != nil {
			return err
		}
		l.Who = u.Display
		if e.State == registry.ExportWaiting {
			x.Waiting = append(x.Waiting, l)
			continue
		}
		x.Lines = append(x.Lines, l)
	}
	return s.show(w, r, http.StatusOK, view.ExportsToDecidePage(s.frame(r, "Files", "exports"), x))
}

// decideExport is one file for whoever decides on it.
func (s *Server) decideExport(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, r.Method == http.MethodPost)
	if err != nil {
		return err
	}
	id, err := exportOf(r)
	if err != nil {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	status, in := http.StatusOK, url.Values{}
	var wrong []registry.Problem
	if r.Method == http.MethodPost {
		if err := v.form(w, r, 1<<14, unreadable); err != nil {
			return err
		}
		in = r.PostForm
		if do := in.Get("do"); do != "approve" && do != "reject" {
			return fault.New(fault.Invalid, "%s", unreadable)
		}
		if in.Get("do") == "approve" {
			if err := s.c.Auth.Recent(r.Context(), v.user, v.session); err != nil {
				return err
			}
		}
		err := s.exports.Decide(r.Context(), v.user, id, in.Get("do") == "approve", in.Get("why"), v.from())
		k := fault.Of(err)
		switch {
		case err == nil:
			http.Redirect(w, r, "/oversight/exports", http.StatusSeeOther)
			return nil
		case k != fault.Invalid:
			return err
		}
		status, wrong = k.Status(), []registry.Problem{{At: "why", Say: fault.Say(err)}}
	}
	e, err := s.c.Store.Export(r.Context(), id)
	if err != nil {
		return err
	}
	u, err := s.c.Store.User(r.Context(), e.UserID)
	if err != nil {
		return err
	}
	f := newForm(in, wrong)
	x := view.ExportSheet{Line: s.exportLine(e, r.URL.Path), Errors: f.summary(), Who: u.Display, WhoURL: personURL(u.Name), RefURL: agreementURL(e.Agreement, ""),
		Decide: v.access.Leads() && e.State == registry.ExportWaiting, Why: f.long("why", "Why it is not let out", "The person who asked reads it")}
	if x.Decide {
		if x.ProveURL, err = s.proveURL(r, v); err != nil {
			return err
		}
	}
	x.Facts = append([]view.Fact{{Label: "Asked for by", Value: u.Display + " (" + u.Name + ")"}}, s.exportFacts(e, false)...)
	return s.show(w, r, status, view.DecidePage(s.frame(r, "File "+x.Line.Number, "exports"), x))
}
