package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// dictionary lists the fields of the data set. It holds no counts.
func (s *Server) dictionary(w http.ResponseWriter, r *http.Request) error {
	in := r.URL.Query()
	x := view.Dictionary{Find: strings.TrimSpace(in.Get("find")), HeldOnly: in.Get("held") == "1"}
	held, known := s.held(r)
	x.Known = known
	words := strings.Fields(strings.ToLower(x.Find))
	for _, f := range s.c.Dictionary.Fields() {
		x.Fields++
		text := strings.ToLower(strings.Join(append(s.c.Dictionary.Aliases(f), f.Name, f.Label, f.Meaning, f.Group), " "))
		missed := slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
		if missed || known && x.HeldOnly && !held.Holds(f) {
			continue
		}
		x.Listed++
		x.Add(f.Group, view.DictionaryEntry{Name: f.Name, Label: f.Label, Meaning: f.Meaning, Class: guarded(f.Class), Absent: known && !held.Holds(f), AliasOf: f.AliasOf})
	}
	return s.show(w, r, http.StatusOK, view.DictionaryPage(s.frame(r, "Data dictionary", "dictionary"), x))
}

// held is what the release that is served holds, which is no secret; known is
// false while there is none.
func (s *Server) held(r *http.Request) (o query.Offer, known bool) {
	facts, err := s.c.Warehouse.Facts(r.Context())
	if err != nil {
		return o, false
	}
	return query.NewOffer(s.c.Dictionary, facts.Columns, nil), true
}

// guarded is the word for a class that not everybody who sees records sees.
func guarded(c hes.Class) string {
	if c <= hes.Ordinary {
		return ""
	}
	return className(c)
}

func className(c hes.Class) string {
	switch c {
	case hes.Quasi:
		return "May identify"
	case hes.Sensitive:
		return "Sensitive"
	case hes.Prohibited:
		return "Identifies"
	case hes.Public:
		return "Harmless"
	}
	return "Ordinary"
}

// dictionaryField is one field: what it means, how it comes about, and for those
// who see records how complete it is and how often each value is there.
func (s *Server) dictionaryField(w http.ResponseWriter, r *http.Request) error {
	f, ok := s.c.Dictionary.Field(r.PathValue("field"))
	if !ok {
		return fault.New(fault.NotFound, "There is no field of that name in the data dictionary.")
	}
	if f.Name != r.PathValue("field") {
		http.Redirect(w, r, "/dictionary/"+f.Name, http.StatusSeeOther)
		return nil
	}
	rd, err := s.reader(r)
	if err != nil {
		return err
	}
	x := s.fieldView(f, rd)
	if held, known := s.held(r); known {
		x.Known, x.Held = true, held.Holds(f)
	}
	switch {
	case rd.access.SeesTables():
		err = s.fieldFromTables(r, rd, f, &x)
	case rd.counts():
		err = s.fieldFromRecords(r, rd, f, &x)
	default:
		x.Why = rd.why
	}
	if err != nil {
		return err
	}
	if !x.Counted {
		s.fieldFromList(f, &x)
	}
	return s.show(w, r, http.StatusOK, view.FieldPage(s.frame(r, f.Label, "dictionary"), x))
}

// fieldView is what is known of a field without any data.
func (s *Server) fieldView(f hes.Field, rd reader) view.Field {
	x := view.Field{Name: f.Name, Label: f.Label, Meaning: f.Meaning, Group: f.Group, Kind: f.Type.Says(), Class: className(f.Class), ClassSays: f.Class.Says(),
		Source: hes.SourceText(f.Source), AliasOf: f.AliasOf, Repeats: f.Repeats, Family: f.Family, Others: s.c.Dictionary.Aliases(f), From: f.From, To: f.To}
	if f.List() {
		x.Slots = fmt.Sprintf("%d positions, from %s to %s", f.Slots, f.SlotName(1), f.SlotName(f.Slots))
	}
	if f.Derived() {
		x.Source = "worked out by the program"
	}
	for _, rule := range s.c.Dictionary.Derivation(f) {
		x.Derivation = append(x.Derivation, view.Rule(rule))
	}
	if s.c.Cleaning != nil {
		for _, rule := range s.c.Cleaning(f) {
			x.Cleaning = append(x.Cleaning, view.Rule(rule))
		}
	}
	if rd.SeesRows() {
		x.Asked, x.Covered = true, rd.access.Covers(f, rd.scene.facts.Over())
	}
	for _, c := range s.trees {
		if c.list == f.Codes {
			x.BrowseURL, x.BrowseName = "/codes/"+c.key, c.name
		}
	}
	return x
}

// maxListed is how many values of a code list stand on a page.
const maxListed = 400

// fieldFromList shows the values that the code list knows, without counts. The
// clinical lists are browsed.
func (s *Server) fieldFromList(f hes.Field, x *view.Field) {
	if x.BrowseURL != "" {
		return
	}
	all := s.c.Codes.Values(f.Codes)
	for _, v := range all[:min(len(all), maxListed)] {
		x.Values = append(x.Values, view.FieldValue{Code: v.Code, Label: v.Label, Years: validity(v.From, v.To)})
	}
	if len(all) > maxListed {
		x.ValuesNote = fmt.Sprintf("The first %d of %d values of the list.", maxListed, len(all))
	}
	if len(all) > 0 && !s.c.Codes.Closed(f.Codes) {
		x.ValuesNote = strings.TrimSpace(x.ValuesNote + " Other values than these are possible.")
	}
}

// fieldFromTables counts for a planner, from the published tables alone.
func (s *Server) fieldFromTables(r *http.Request, rd reader, f hes.Field, x *view.Field) error {
	x.Why = rd.why
	name, ok := tableOf(f)
	if !ok || !x.Held {
		return nil
	}
	t, err := s.c.Warehouse.FixedTable(r.Context(), rd.access, name, rd.client)
	if err != nil {
		return err
	}
	if t.Withheld != "" {
		x.Why = "Planners see published tables only, and the one that tells of this is not shown: " + t.Withheld
		return nil
	}
	most := 1
	for _, c := range t.Totals {
		most = max(most, c.Published())
	}
	for i, part := range t.Rows {
		v := s.fieldValue(f, part.Value)
		v.Count, v.Share = t.Totals[i], 100*t.Totals[i].Published()/most
		x.Values = append(x.Values, v)
	}
	x.Counted, x.Facts, x.Table, x.TableURL = true, s.facts(t.Release), t.Fixed.Title, "/tables/"+name
	x.Why = "Planners see published tables only. The numbers here are those of one of them; small numbers are protected by the rule of " + t.Rule.Title + "."
	return nil
}

func (s *Server) fieldValue(f hes.Field, value string) view.FieldValue {
	if value == "" {
		return view.FieldValue{Label: "Not recorded", Missing: true}
	}
	out := view.FieldValue{Code: hes.Display(f.Codes, value)}
	if f.Name == hes.YearField {
		return view.FieldValue{Code: value, Label: yearLabel(value)}
	}
	out.Label, _ = s.c.Codes.Label(f.Codes, value)
	return out
}

// fieldFromRecords counts for those who see records.
func (s *Server) fieldFromRecords(r *http.Request, rd reader, f hes.Field, x *view.Field) error {
	switch {
	case !x.Held || f.AliasOf != "":
		x.Why = "The release that is served does not hold this field, so there is nothing to count."
		return nil
	case f.Name == hes.PersonField:
		x.Why = "The person key is never shown and its values are never counted; a short name that is yours alone stands for it."
		return nil
	case !x.Covered:
		ref, _ := rd.access.Agreement()
		x.Why = "Agreement " + ref + " does not cover this field, so it is neither shown nor counted for you."
		if f.OfOthers() {
			x.Why = "This field is worked out from all episodes of a patient, and agreement " + ref + " covers only some of them, so it is neither shown nor counted for you."
		}
		return nil
	}
	// The field's own filter would count it by itself.
	for _, c := range rd.scene.offer.Controls {
		if c.Field == f.Name || f.Family != "" && c.Field == f.Family {
			rd.scene.state = rd.scene.state.With(query.Filter{Key: c.Key})
		}
	}
	q, values := fieldQuestion(rd.scene.state, f, s.wholeOf(f))
	a, err := s.c.Warehouse.Explore(r.Context(), rd.access, q, warehouse.Page{}, rd.client)
	if err != nil {
		return err
	}
	s.seen(&x.Seen, rd, a.Release)
	x.Counted = true
	completeness(x, f, a)
	if values {
		s.countedValues(x, rd.scene, f, a.Facets[len(a.Facets)-1])
	}
	return nil
}
