package web

import (
	"net/http"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/web/view"
)

// dictionary lists the fields of the data set. It holds no counts.
func (s *Server) dictionary(w http.ResponseWriter, r *http.Request) error {
	find := strings.TrimSpace(r.URL.Query().Get("find"))
	x := view.Dictionary{Find: find}
	for _, f := range s.c.Dictionary.Fields() {
		if find != "" && !strings.Contains(strings.ToLower(f.Name+" "+f.Label+" "+f.Meaning), strings.ToLower(find)) {
			continue
		}
		x.Add(f.Group, view.Entry{Name: f.Name, Label: f.Label, Meaning: f.Meaning})
	}
	return s.show(w, r, http.StatusOK, view.DictionaryPage(s.frame(r, "Data dictionary", "dictionary"), x))
}

func (s *Server) dictionaryField(w http.ResponseWriter, r *http.Request) error {
	f, ok := s.c.Dictionary.Field(r.PathValue("field"))
	if !ok {
		return fault.New(fault.NotFound, "There is no field of that name in the data dictionary.")
	}
	x := view.Field{Name: f.Name, Label: f.Label, Meaning: f.Meaning, Type: f.Type.String(), Class: f.Class.String(), Group: f.Group, From: f.From, To: f.To, AliasOf: f.AliasOf}
	for _, v := range s.c.Codes.Values(f.Codes) {
		if len(x.Values) == 400 {
			break
		}
		x.Values = append(x.Values, view.Entry{Name: v.Code, Label: v.Label})
	}
	return s.show(w, r, http.StatusOK, view.FieldPage(s.frame(r, f.Label, "dictionary"), x))
}
