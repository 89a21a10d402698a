package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// loads is the list of releases for those who answer for them.
func (s *Server) loads(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	list, err := s.c.Warehouse.Loads(r.Context(), v.access, v.client)
	if err != nil {
		return err
	}
	var x view.Loads
	for _, l := range list {
		x.Releases = append(x.Releases, loadLine(l))
	}
	return s.show(w, r, http.StatusOK, view.LoadsPage(s.frame(r, "Data quality", "quality"), x))
}

// load is the account of one load; with ".json" behind the id the same numbers
// for a program.
func (s *Server) load(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	id, asJSON := strings.CutSuffix(r.PathValue("id"), ".json")
	report, err := s.c.Warehouse.Report(r.Context(), v.access, id, v.client)
	if err != nil {
		return err
	}
	if asJSON {
		b, err := json.MarshalIndent(report, "", " ")
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		made(r)
		w.Header().Set("Content-Type", "application/json")
		_, err = w.Write(append(b, '\n'))
		return ignoreGone(err)
	}
	x := s.report(report)
	x.Serve = !report.Served && s.c.Publish != nil && v.access.Role() == policy.DataManager
	return s.show(w, r, http.StatusOK, view.ReportPage(s.frame(r, "Load of "+x.Made, "quality"), x))
}

func loadLine(l warehouse.Load) view.LoadLine {
	return view.LoadLine{ID: l.ID, URL: "/quality/loads/" + l.ID, Made: l.Made.Format("2 January 2006 at 15:04"), Subset: l.Subset, Years: yearSpan(l.Years),
		Served: l.Served, Synthetic: l.Synthetic, Read: l.Read, Kept: l.Kept, Rejected: l.Rejected, Outside: l.Outside}
}

// report makes the page of one load.
func (s *Server) report(r *warehouse.Report) view.Report {
	x := view.Report{LoadLine: loadLine(r.Load), Program: r.Program, Agreement: r.Agreement, Notes: r.Notes, Commonest: r.Reasons > len(r.Rejects),
		Rules: ruleLines(r.Rules), Derived: ruleLines(r.Derived), SubsetRules: ruleLines(r.SubsetRules)}
	x.JSONURL = x.URL + ".json"
	if h := r.Whole; h != nil {
		x.Whole = []view.Figure{{Label: "Cleaned rows", Count: h.Staged}, {Label: "Kept", Count: h.Kept}, {Label: "Outside the subset", Count: h.Outside},
			{Label: "Patients", Count: h.Persons}, {Label: "Rows of earlier loads replaced", Count: h.Replaced}}
	}
	for _, f := range r.Files {
		line := view.LoadFile{Name: f.Name, Form: f.Form, Size: fileSize(f.Size), SHA256: f.SHA256, Columns: strconv.Itoa(f.Columns), Read: f.Rows}
		var years []string
		for _, y := range f.Years {
			years = append(years, cmp.Or(yearLabel(y), "not recorded"))
		}
		line.Years = strings.Join(years, ", ")
		for _, l := range f.LeftOut {
			line.LeftOut = append(line.LeftOut, view.Pair{Key: l.Column, Value: l.Why})
		}
		x.Files = append(x.Files, line)
	}
	for _, j := range r.Rejects {
		x.Rejects = append(x.Rejects, view.RejectLine{Reason: j.Reason, Count: j.Count, At: j.At})
	}
	for _, p := range r.ByYear {
		label := cmp.Or(yearLabel(p.Value), "Not recorded")
		x.Years = append(x.Years, label)
		x.ByYear = append(x.ByYear, view.PartLine{Label: label, Kept: p.Kept, Outside: p.Outside})
	}
	for _, p := range r.Providers {
		line := view.PartLine{Code: p.Value, Label: "Not recorded", Kept: p.Kept, Outside: p.Outside}
		if p.Value != "" {
			line.Label, _ = s.c.Codes.Label(hes.Provider, p.Value)
		}
		x.Providers = append(x.Providers, line)
	}
	for _, u := range r.Unlisted {
		x.Unlisted = append(x.Unlisted, view.Figure{Name: u.Name, Label: cmp.Or(u.Field.Label, u.Name), Count: u.Rows})
	}
	x.Heat = heat(r.Completeness)
	if r.Compared != nil {
		x.Compared = s.compared(r.Compared)
	}
	return x
}

func ruleLines(in []warehouse.RuleCount) []view.RuleLine {
	var out []view.RuleLine
	for _, r := range in {
		out = append(out, view.RuleLine{ID: r.ID, What: r.What, Source: r.Source, Count: r.Count})
	}
	return out
}

// mainFields stand in the first table of completeness: what studies rest on.
func mainFields() []string {
	return append(defaultColumns(), "EPISTART", "EPIEND", "DISDATE", "DISDEST", "ETHNOS", "RESGOR_ONS", "IMD04_DECILE", hes.PersonField)
}

// heat puts the fields into sections: the main ones first, then the others by
// the groups of the dictionary.
func heat(in []warehouse.FieldShares) []view.HeatSection {
	out := []view.HeatSection{{Title: "Main fields"}}
	for _, f := range in {
		row := view.HeatRow{Name: f.Name, Label: cmp.Or(f.Field.Label, f.Name)}
		for _, share := range f.Shares {
			row.Cells = append(row.Cells, view.HeatCell{Text: share.String(), Level: level(f.Field, share)})
		}
		at := 0
		if !slices.Contains(mainFields(), f.Name) {
			at = slices.IndexFunc(out, func(s view.HeatSection) bool { return s.Title == f.Field.Group })
		}
		if at < 0 {
			out = append(out, view.HeatSection{Title: f.Field.Group})
			at = len(out) - 1
		}
		out[at].Rows = append(out[at].Rows, row)
	}
	if len(out[0].Rows) == 0 {
		out = out[1:]
	}
	return out
}

// level shades a share. A further diagnosis or procedure that is not there is no
// fault, so the later slots of a family are not shaded.
func level(f hes.Field, share policy.Share) string {
	p, ok := share.Percent()
	switch {
	case !ok || f.Slot > 1:
		return ""
	case p >= 97:
		return "a"
	case p >= 90:
		return "b"
	case p >= 80:
		return "c"
	}
	return "d"
}

func (s *Server) compared(c *warehouse.Comparison) *view.Compared {
	with := loadLine(c.With)
	moves := view.ChangeTable{Title: "Completeness that moved by more than a point", Corner: "Field and year", None: "No field’s completeness moved by more than a point."}
	for _, m := range c.Moves {
		before, _ := m.Before.Percent()
		now, _ := m.Now.Percent()
		moves.Rows = append(moves.Rows, view.ChangeLine{Label: cmp.Or(m.Field.Label, m.Name) + ", " + cmp.Or(yearLabel(m.Year), "year not recorded"),
			Before: m.Before.String(), Now: m.Now.String(), Change: strings.Replace(fmt.Sprintf("%+.1f points", now-before), "-", "−", 1)})
	}
	year := func(name string) string { return cmp.Or(yearLabel(name), "Not recorded") }
	same := func(name string) string { return name }
	return &view.Compared{ID: with.ID, URL: with.URL, Made: with.Made, Subset: with.Subset, Tables: []view.ChangeTable{
		{Title: "Rows", Corner: "Rows", Rows: changes(c.Rows, same)},
		{Title: "Rules that changed more or less than before", Corner: "Rule", Rows: changes(c.Rules, same), None: "Every rule changed as much as before."},
		{Title: "Episodes by financial year", Corner: "Year", Rows: changes(c.Years, year)},
		moves,
	}}
}

func changes(in []warehouse.Pair, label func(string) string) []view.ChangeLine {
	var out []view.ChangeLine
	for _, p := range in {
		line := view.ChangeLine{Label: label(p.Name), Before: counted(p.Before), Now: counted(p.Now), Change: policy.Change(p.Before, p.Now)}
		if line.Before == uncounted || line.Now == uncounted {
			line.Change = uncounted
		}
		out = append(out, line)
	}
	return out
}

// uncounted stands for what a release did not count at all.
const uncounted = "–"

func counted(c policy.Count) string {
	if c == (policy.Count{}) {
		return uncounted
	}
	return c.String()
}

// yearSpan says from which to which financial year a release goes.
func yearSpan(years []string) string {
	if len(years) == 0 {
		return ""
	}
	first, last := yearLabel(years[0]), yearLabel(years[len(years)-1])
	if first == last {
		return first
	}
	return first + " to " + last
}

// fileSize writes a size for people.
func fileSize(n int64) string {
	units := [...]string{"bytes", "kB", "MB", "GB", "TB"}
	size, unit := float64(n), 0
	for size >= 1000 && unit < len(units)-1 {
		size, unit = size/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
