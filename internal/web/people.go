package web

import (
	"fmt"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// personColumn is a column of lines of patients.
type personColumn struct {
	head  view.Column
	more  bool     // only when all that is summed up is shown
	needs []string // fields without which it cannot be worked out
	of    func(warehouse.Row, warehouse.Person) view.SheetCell
}

// people makes the lines of patients.
func (s *Server) people(sc scene, p *warehouse.People, page warehouse.Page) *view.Sheet {
	state := sc.state
	x := &view.Sheet{Class: "people", Legend: legend(slices.Contains(p.Fields, "CONDITION_GROUP")), More: state.More}
	other := state
	other.More = !state.More
	x.MoreURL = address(other, warehouse.Page{})
	span, dated := newSpan(sc.facts.Years), slices.Contains(p.Fields, hes.AdmissionDate)
	x.Days = !dated
	var shown []personColumn
	for _, c := range s.personColumns(sc, span, dated, newLineLinks(state, address(state, page))) {
		if c.more && !state.More || slices.ContainsFunc(c.needs, func(f string) bool { return !slices.Contains(p.Fields, f) }) {
			continue
		}
		shown = append(shown, c)
		x.Columns = append(x.Columns, c.head)
	}
	for i, line := range p.Lines {
		var l view.SheetLine
		for _, c := range shown {
			cell := c.of(p.Rows[i], line)
			if line.TooMany && c.head.Label != "Episodes" && c.head.Class != "patient" && c.head.Class != "lifeline" {
				cell = view.SheetCell{Text: "–"}
			}
			cell.Label, cell.Class = c.head.Label, c.head.Class
			l.Cells = append(l.Cells, cell)
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

// personColumns are the columns that lines of patients may have, in order.
func (s *Server) personColumns(sc scene, span timeSpan, dated bool, to lineLinks) []personColumn {
	state := sc.state
	// all opens all matching episodes of a patient, if there are several.
	all := func(c view.SheetCell, r warehouse.Row, says string) view.SheetCell {
		return linked(c, to.patient(r.PatientID), says)
	}
	// one opens the one episode that says so: the heading names the link.
	one := func(c view.SheetCell, id string) view.SheetCell {
		c.URL = to.record(id)
		return c
	}
	count := func(n policy.Count, r warehouse.Row, says string) view.SheetCell {
		c := view.SheetCell{Text: n.String()}
		if n.Zero() {
			return c
		}
		return all(c, r, says)
	}
	// part opens those of the matching episodes that a filter keeps.
	part := func(n policy.Count, r warehouse.Row, key string, values []string, says string) view.SheetCell {
		c := view.SheetCell{Text: n.String()}
		url := to.narrowed(r.PatientID, key, values)
		if n.Zero() || url == "" {
			return c
		}
		return linked(c, url, says)
	}
	moment := func(m warehouse.Moment) view.SheetCell {
		return view.SheetCell{Text: when(m), Missing: !m.Recorded}
	}
	head := func(label, class string) view.Column { return view.Column{Label: label, Class: class} }
	strip := span.String()
	if !dated {
		strip = "Days from first"
	}
	return []personColumn{
		{head("Patient", "patient"), false, nil, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return view.SheetCell{Text: r.Patient, Key: true, URL: to.patient(r.PatientID), Says: "Open patient " + r.Patient, Named: true}
		}},
		{head("Age", "age"), false, []string{"STARTAGE"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			c := view.SheetCell{Text: between(p.FirstAge, p.LastAge), Missing: p.FirstAge == ""}
			return c
		}},
		{head("Sex", "sex"), false, []string{"SEX"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			c := s.codedCell("", "SEX", p.Sex)
			if p.SexConflict {
				c.Flag = "differs"
				c = all(c, r, ", but it differs among the episodes")
			}
			return c
		}},
		{sortHead(state, "Episodes", "num", query.ByEpisodes), false, nil, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			c := count(r.Episodes, r, " episodes")
			if p.TooMany {
				c.Flag = "too many to sum up"
			}
			return c
		}},
		{head("Spells", "num"), true, []string{hes.SpellField}, func(r warehouse.Row, p warehouse.Person) view.SheetCell { return count(p.Spells, r, " spells") }},
		{head("Stays", "num"), true, []string{"STAY_NHSD"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return count(p.Stays, r, " continuous stays")
		}},
		{head("Day cases", "num"), true, []string{hes.SpellField, "CLASSPAT"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return part(p.DayCases, r, "cls", []string{"2"}, " day cases")
		}},
		{head("Emergencies", "num"), true, []string{hes.SpellField, "ADMIMETH"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return part(p.Emergencies, r, "meth", s.emergencies(), " emergency admissions")
		}},
		{head(strip, "lifeline"), false, nil, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return view.SheetCell{Life: lifeStrip(p.Marks, span, dated)}
		}},
		{head("First", "date"), false, nil, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return one(moment(p.First.Moment), p.First.Episode)
		}},
		{sortHead(state, "Last", "date", ""), false, nil, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return one(moment(p.Last.Moment), p.Last.Episode)
		}},
		{head("Last discharge", "date"), true, nil, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return one(moment(p.Discharged.Moment), p.Discharged.Episode)
		}},
		{head("Bed days", "num"), false, []string{"BED_DAYS"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			c := view.SheetCell{Text: p.BedDays, Missing: p.BedDays == ""}
			if c.Missing || p.BedDays == "0" {
				return c
			}
			return all(c, r, " bed days")
		}},
		{head("Latest main diagnosis", "wide"), false, []string{hes.AnyDiagnosis}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return one(s.codedCell("", hes.MainDiagnosis, p.LastDiagnosis.Value), p.LastDiagnosis.Episode)
		}},
		{head("First main diagnosis", "wide"), true, []string{hes.AnyDiagnosis}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return one(s.codedCell("", hes.MainDiagnosis, p.FirstDiagnosis.Value), p.FirstDiagnosis.Episode)
		}},
		{head("Diagnoses", "num"), true, []string{hes.AnyDiagnosis}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return count(p.Diagnoses, r, " different diagnoses")
		}},
		{head("Condition groups", "groups"), true, []string{"CONDITION_GROUP"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			c := view.SheetCell{Missing: len(p.Groups) == 0}
			for _, g := range p.Groups {
				label := s.groupLabel(g)
				c.Links = append(c.Links, view.Link{Text: label, URL: to.narrowed(r.PatientID, "cond", []string{g}), Key: label + ", patient " + r.Patient})
			}
			return c
		}},
		{head("Ethnic group", "text"), true, []string{"ETHNOS"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			return one(s.codedCell("", "ETHNOS", p.Ethnic.Value), p.Ethnic.Episode)
		}},
		{head("Died in hospital", "died"), true, []string{"DISMETH"}, func(r warehouse.Row, p warehouse.Person) view.SheetCell {
			if p.Died == "" {
				return view.SheetCell{Text: "No"}
			}
			return linked(view.SheetCell{Text: "Yes"}, to.record(p.Died), ", died in hospital")
		}},
	}
}

// emergencies are the methods of admission that rule O counts as an emergency.
func (s *Server) emergencies() []string {
	var out []string
	for _, v := range s.c.Codes.Values("ADMIMETH") {
		if strings.HasPrefix(v.Code, "2") {
			out = append(out, v.Code)
		}
	}
	return out
}

func (s *Server) groupLabel(group string) string {
	if label, ok := s.c.Codes.Label("CONDITION_GROUP", group); ok {
		return label
	}
	return group
}

// between says two ends as one if they are alike.
func between(first, last string) string {
	if first == last {
		return first
	}
	return fmt.Sprintf("%s–%s", first, last)
}
