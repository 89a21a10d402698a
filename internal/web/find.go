package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/finder"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

const (
	maxTyped    = 64 << 10 // bytes of what is typed or pasted
	listLength  = 10       // suggestions under the box
	pageLength  = 100      // suggestions on the page
	maxAddress  = 1500     // bytes of an address that every browser, proxy and mail program carries
	maxSayCodes = 60       // codes that are named in a sentence
)

// find suggests filters for what somebody typed or pasted, as a page or, for the
// box in the side panel, as a list. It asks the door nothing: what it knows is
// code lists and what the release offers.
func (s *Server) find(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if err := v.mustSeeRows(); err != nil {
		return err
	}
	in := r.URL.Query()
	if r.Method == http.MethodPost { // a list that is too long for an address
		if err := v.form(w, r, 4*maxTyped, fmt.Sprintf("The list could not be read. Paste at most %d kB of codes.", maxTyped>>10)); err != nil {
			return err
		}
		in = r.PostForm
	}
	typed := strings.Join(in["q"], "\n")
	if len(typed) > maxTyped {
		return fault.New(fault.Invalid, "The list is too long. Paste at most %d kB of codes.", maxTyped>>10)
	}
	in.Del("q")
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	x := s.suggest(sc, typed)
	if r.Header.Get("X-Part") == "list" {
		return s.show(w, r, http.StatusOK, view.FoundList(x))
	}
	return s.show(w, r, http.StatusOK, view.FindPage(s.frame(r, "Find a code or filter", "records"), x))
}

// suggest makes what both forms show.
func (s *Server) suggest(sc scene, typed string) view.Find {
	x := view.Find{Typed: typed, Back: address(sc.state, warehouse.Page{}), State: pairs(sc.state), Limit: listLength}
	offered := finder.Scope{Controls: sc.offer.Controls, Own: map[string][]hes.CodeValue{}}
	for _, year := range sc.facts.Years {
		offered.Own["year"] = append(offered.Own["year"], hes.CodeValue{Code: year, Label: yearLabel(year)})
	}
	for _, rule := range sc.facts.Rules {
		offered.Own["rule"] = append(offered.Own["rule"], hes.CodeValue{Code: rule.ID, Label: ruleLabel(rule)})
	}
	if pasted, ok := s.finder.ReadCodes(typed); ok {
		s.suggestList(&x, sc, pasted)
		return x
	}
	var found []finder.Suggestion
	found, x.Number = s.finder.Find(typed, offered, pageLength)
	for _, f := range found {
		x.Found = append(x.Found, s.suggestion(sc, f))
	}
	if x.Number > listLength {
		x.MoreURL = "/records/find?" + with("q", typed, sc.state)
	}
	return x
}

// suggestion is one line: what it would filter by, and the address that does.
func (s *Server) suggestion(sc scene, f finder.Suggestion) view.Found {
	c, _ := query.ControlOf(f.Filter.Key)
	field, _ := s.c.Dictionary.Field(c.Field)
	if f.Opens() {
		return view.Found{Label: title(c, field), Of: "Open this filter", Opens: c.Key, URL: sc.opening(c.Key, address(sc.state, warehouse.Page{})) + "#fac-" + c.Key}
	}
	state := sc.state.Add(f.Filter)
	out := view.Found{Code: f.Code, Label: f.Label, Of: title(c, field), URL: address(state, warehouse.Page{})}
	switch {
	case c.Key == "dx", c.Key == "op":
		out.Of = s.fieldName(sc.state.FieldOf(c))
	case f.Filter.From != "" || f.Filter.To != "":
		out.Label = c.Says + " " + f.Label
	}
	out.On = state.Encode() == sc.state.Encode()
	return out
}

// suggestList makes of a pasted list one suggestion for each classification.
func (s *Server) suggestList(x *view.Find, sc scene, pasted finder.Pasted) {
	x.Pasted = true
	x.Unread, x.UnreadMore = pasted.Unread, pasted.UnreadMore
	for _, c := range s.trees {
		codes := pasted.Codes[c.list]
		control, _ := query.ControlOf(c.control)
		if len(codes) == 0 || !sc.offer.Has(c.control) {
			continue
		}
		where := s.fieldName(sc.state.FieldOf(control))
		wanted := finder.Fewest(codes)
		say := func(n int, what string) string {
			if n == 1 {
				return where + " is " + hes.Display(c.list, codes[0])
			}
			return fmt.Sprintf("%s is one of %d %s", where, n, what)
		}
		f := view.Found{Label: say(len(codes), "codes"), Of: c.name + ": " + some(c.list, codes)}
		state := sc.state.Add(query.Filter{Key: c.control, Values: wanted})
		f.URL = address(state, warehouse.Page{})
		f.On = state.Encode() == sc.state.Encode()
		if len(f.URL) <= maxAddress && len(wanted) <= query.MaxValues {
			x.Found = append(x.Found, f)
			continue
		}
		length := len(f.URL)
		f.URL, f.On = "", false
		shorter, ok := s.shorter(sc, c, wanted, say)
		f.Why = fmt.Sprintf("Too long for a link: with these %d codes it has %s characters and may have %s, which is about %d codes. %s", len(wanted), policy.Thousands(length), policy.Thousands(maxAddress),
			maxAddress/len("&dx=L400"), map[bool]string{true: "Take the shorter list below, or paste it in parts.", false: "Paste it in parts."}[ok])
		if x.Found = append(x.Found, f); ok {
			x.Found = append(x.Found, shorter)
		}
	}
	x.Number = len(x.Found)
	for _, code := range pasted.Both[:min(len(pasted.Both), maxSayCodes)] {
		x.Both = append(x.Both, hes.Display(hes.ICD10, code))
	}
}

// shorter is the nearest to a list that is too long for a link: the same list with
// categories in place of all their codes, or else the categories of all its codes.
func (s *Server) shorter(sc scene, c classification, codes []string, say func(n int, what string) string) (view.Found, bool) {
	for _, form := range [...]struct {
		codes      []string
		what, says string
	}{
		{s.finder.Equal(c.list, codes), "codes and categories", "The same list, shorter: a category stands for its codes where your list has all that this site lists. It begins "},
		{finder.Categories(codes), "categories", "Wider than your list: all codes of "},
	} {
		to := address(sc.state.Add(query.Filter{Key: c.control, Values: form.codes}), warehouse.Page{})
		if len(form.codes) < len(codes) && len(to) <= maxAddress {
			return view.Found{Label: say(len(form.codes), form.what), Of: form.says + some(c.list, form.codes), URL: to}, true
		}
	}
	return view.Found{}, false
}

// some names the first of some codes.
func some(list string, codes []string) string {
	const few = 4
	var out []string
	for _, code := range codes[:min(len(codes), few)] {
		out = append(out, hes.Display(list, code))
	}
	if len(codes) > few {
		return strings.Join(out, ", ") + " …"
	}
	return strings.Join(out, ", ")
}

// pairs are the state as hidden fields of a form, without the keys that the form
// chooses itself.
func pairs(state query.View, but ...string) []view.Pair {
	var out []view.Pair
	for part := range strings.SplitSeq(state.Encode(), "&") {
		key, value, _ := strings.Cut(part, "=")
		if value, err := url.QueryUnescape(value); err == nil && key != "" && !slices.Contains(but, key) {
			out = append(out, view.Pair{Key: key, Value: value})
		}
	}
	return out
}

// with is a state as an address's query with one more key.
func with(key, value string, state query.View) string {
	q := key + "=" + url.QueryEscape(value)
	if rest := state.Encode(); rest != "" {
		q += "&" + rest
	}
	return q
}
