package web

import (
	"context"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// results asks for what a state of the explorer shows: rows, or lines of patients
// or spells, which are nil for rows.
func (s *Server) results(ctx context.Context, v visitor, sc scene, q query.Query, page warehouse.Page) (*warehouse.Answer, *view.Sheet, error) {
	switch q.Unit {
	case query.Patients:
		p, err := s.c.Warehouse.People(ctx, v.access, q, page, v.client)
		if err != nil {
			return nil, nil, err
		}
		return p.Answer, s.people(sc, p, page), nil
	case query.Spells:
		if !slices.Contains(sc.facts.Columns, hes.SpellField) {
			return nil, nil, fault.New(fault.Invalid, "The release that is served was made before stays were put together, so they cannot be listed. Look at episodes or patients.")
		}
		p, err := s.c.Warehouse.Spells(ctx, v.access, q, page, v.client)
		if err != nil {
			return nil, nil, err
		}
		return p.Answer, s.spells(sc, p, page), nil
	}
	a, err := s.c.Warehouse.Explore(ctx, v.access, q, page, v.client)
	return a, nil, err
}

// spellColumns are shown of spells to a person who has chosen none. Those that
// are remembered are of episodes.
func spellColumns() []string {
	return []string{"ADMIDATE", "DISDATE", "LOS_DAYS", "BED_DAYS", "STARTAGE", "SEX", "DIAG_01", "OPERTN_01", "ADMISSION_GROUP", "PROCODE3"}
}

// lineFields are fields that lines show whatever the columns are.
func lineFields(state query.View) []string {
	switch {
	case state.Unit == query.Spells:
		return []string{hes.SpellField}
	case state.Unit == query.Patients && state.More:
		return []string{hes.SpellField, "STAY_NHSD"}
	}
	return nil
}

// sortHead is a heading by which lines can be sorted: by latest admission, which
// field "" stands for and is the order without a sort, or by number of episodes.
func sortHead(state query.View, label, class, field string) view.Column {
	c := view.Column{Label: label, Class: class}
	on := len(state.Sort) > 0 && state.Sort[0].Field == field
	switch {
	case field == "" && len(state.Sort) == 0:
		c.Order = "descending" // there is no other way round
	case field == "":
		state.Sort = nil
	default:
		desc := true
		if on {
			desc = !state.Sort[0].Desc
			c.Order = map[bool]string{true: "ascending", false: "descending"}[desc]
		}
		state.Sort = []query.Sort{{Field: field, Desc: desc}}
	}
	c.URL = address(state, warehouse.Page{})
	return c
}

// lineLinks makes the addresses of what a line leads to. What is the same in all
// lines is worked out once.
type lineLinks struct {
	state query.View
	list  string // the address of the list
	query string // of a patient's page under the same filters
	part  map[[2]string]string
}

func newLineLinks(state query.View, list string) lineLinks {
	return lineLinks{state, list, patientQuery(patientState{view: state, list: list}), map[[2]string]string{}}
}

// patient is the address of a patient's page under the filters of the list.
func (l lineLinks) patient(id string) string { return "/patients/" + id + l.query }

// narrowed is that address with a filter that keeps only values, of those that the
// list lets through; "" if it would keep none.
func (l lineLinks) narrowed(id, key string, values []string) string {
	at := [2]string{key, strings.Join(values, ",")}
	q, known := l.part[at]
	if !known {
		if narrowed, ok := within(l.state, key, values); ok {
			q = patientQuery(patientState{view: narrowed, list: l.list})
		}
		l.part[at] = q
	}
	if q == "" {
		return ""
	}
	return "/patients/" + id + q
}

// record is the address of an episode; "" without an id.
func (l lineLinks) record(id string) string {
	if id == "" {
		return ""
	}
	return recordURL(id, l.list)
}

// within returns a state in which a filter keeps only values that pass; ok is
// false if it keeps none.
func within(state query.View, key string, values []string) (out query.View, ok bool) {
	f, on := state.Filter(key)
	if on {
		values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return slices.Contains(f.Values, v) == f.Exclude })
	}
	return state.With(query.Filter{Key: key, Values: slices.Sorted(slices.Values(values))}), len(values) > 0
}

// linked puts a link into a cell that has something to open. says follows the
// cell's text in the link's name.
func linked(c view.SheetCell, url, says string) view.SheetCell {
	c.URL, c.Says = url, says
	if c.Code == "" { // a code and its label stand beside each other without a space, which no name can have
		c.Says, c.Named = c.Text+says, true
	}
	return c
}

// codedCell is a cell with a code and its label.
func (s *Server) codedCell(label, field, value string) view.SheetCell {
	f, _ := s.c.Dictionary.Field(field)
	c := s.cell(f, value)
	return view.SheetCell{Label: label, Class: c.Class, Code: c.Code, Text: c.Text, Title: c.Title, Missing: c.Missing}
}
