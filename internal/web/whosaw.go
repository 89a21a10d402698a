package web

import (
	"net/http"
	"strconv"
	"strings"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// whoSawForm asks for a patient's person key. It comes in a form and never in
// an address.
func (s *Server) whoSawForm(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if !v.access.Oversees() {
		_, err := s.c.Warehouse.Record(r.Context(), v.access, audit.Filter{}, v.client)
		return err
	}
	return s.show(w, r, http.StatusOK, view.WhoSawPage(s.frame(r, "Who saw a patient", "record"), view.WhoSaw{}))
}

// whoSaw lists the events that showed rows of a patient. The pages after the first
// are asked for by the patient's mark, so that the key is typed once and is on no
// page.
func (s *Server) whoSaw(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	r.Body = atMost(w, r, 1<<12)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "The form could not be read. Go back and try again.")
	}
	mark, known := audit.ReadMark(r.PostForm.Get("mark"))
	key := strings.TrimSpace(r.PostForm.Get("key"))
	before, _ := strconv.ParseInt(r.PostForm.Get("before"), 10, 64) // what is no number is the first page
	if key != "" {
		mark, before, known = s.c.Warehouse.Mark(key), 0, true
	}
	if v.access.Oversees() && !known {
		x := view.WhoSaw{Error: "Type the patient's person key."}
		return s.show(w, r, http.StatusBadRequest, view.WhoSawPage(s.frame(r, "Error: Who saw a patient", "record"), x))
	}
	x := view.WhoSaw{Asked: true, Mark: string(mark), Further: before > 0}
	var page *warehouse.Events
	if x.Further {
		page, err = s.c.Warehouse.Record(r.Context(), v.access, audit.Filter{Patient: mark, Before: before}, v.client)
	} else {
		var seen []warehouse.Seer
		seen, page, err = s.c.Warehouse.WhoSaw(r.Context(), v.access, mark, v.client)
		for _, p := range seen {
			x.Seers = append(x.Seers, view.Seer{Person: p.Person, Times: digits(p.Times), Shown: digits(p.Rows), First: p.First.UTC().Format(recordTime), Last: p.Last.UTC().Format(recordTime), Agreements: strings.Join(p.Agreements, "; "), URL: "/oversight/record" + recordQuery{person: p.Person}.encode()})
		}
	}
	if err != nil {
		return err
	}
	x.Events = s.events(page, "", recordQuery{})
	if n := len(page.List); n > 0 && page.Older {
		x.Before = number(page.List[n-1].Seq)
	}
	return s.show(w, r, http.StatusOK, view.WhoSawPage(s.frame(r, "Who saw a patient", "record"), x))
}
