package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// addAgreement is the form for a new agreement, empty or as it was sent.
func (s *Server) addAgreement(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		return s.agreementForm(w, r, http.StatusOK, registry.Agreement{}, url.Values{"subsets": {"dermatology"}}, nil)
	}
	if err := v.form(w, r, 1<<16, unreadable); err != nil {
		return err
	}
	a, wrong := s.readAgreement(r.PostForm)
	if len(wrong) == 0 {
		var got oversight.Granted
		if got, err = s.oversight.AddAgreement(r.Context(), v.by(), a); err == nil {
			http.Redirect(w, r, afterGrant(got, agreementURL(a.Ref, "")), http.StatusSeeOther)
			return nil
		}
		if fault.Of(err) != fault.Conflict {
			return err
		}
		wrong = []registry.Problem{{At: "ref", Say: "There is an agreement of that reference already."}}
	}
	return s.agreementForm(w, r, http.StatusBadRequest, registry.Agreement{}, r.PostForm, wrong)
}

// amendAgreement is the form that changes one.
func (s *Server) amendAgreement(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	was, err := s.c.Store.Agreement(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if !was.Revoked.IsZero() {
		return fault.New(fault.Invalid, "Agreement %s has been revoked and cannot be amended.", was.Ref)
	}
	if r.Method == http.MethodGet {
		return s.agreementForm(w, r, http.StatusOK, was, s.writeAgreement(was), nil)
	}
	if err := v.form(w, r, 1<<16, unreadable); err != nil {
		return err
	}
	r.PostForm.Set("ref", was.Ref)
	a, wrong := s.readAgreement(r.PostForm)
	if len(wrong) > 0 {
		return s.agreementForm(w, r, http.StatusBadRequest, was, r.PostForm, wrong)
	}
	got, err := s.oversight.AmendAgreement(r.Context(), v.by(), a, r.PostForm.Get("version"))
	if fault.Of(err) == fault.Conflict {
		return s.agreementForm(w, r, http.StatusConflict, was, r.PostForm, []registry.Problem{{Say: fault.Say(err)}})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, afterGrant(got, agreementURL(a.Ref, "")), http.StatusSeeOther)
	return nil
}

// listed reads codes that stand apart by spaces, commas or lines.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' || c == '\r' || c == '\t' })
}

// readAgreement reads a form, and says what is wrong with it.
func (s *Server) readAgreement(in url.Values) (registry.Agreement, []registry.Problem) {
	var wrong []registry.Problem
	at := func(key string, last bool) time.Time {
		text := strings.TrimSpace(in.Get(key))
		if text == "" {
			return time.Time{}
		}
		t, err := oversight.Moment(text, s.c.Now().Location(), last)
		if err != nil {
			wrong = append(wrong, registry.Problem{At: key, Say: fault.Say(err)})
		}
		return t
	}
	text := func(key string) string { return strings.TrimSpace(strings.ReplaceAll(in.Get(key), "\r\n", "\n")) }
	a := registry.Agreement{Ref: text("ref"), Title: text("title"), Basis: policy.Basis(in.Get("basis")), Organisation: text("organisation"), From: at("from", false), Until: at("until", true),
		Subsets: listed(in.Get("subsets")), Years: readYears(in.Get("years")), Exports: in["exports"], Provider: strings.ToUpper(text("provider")), Specialties: listed(in.Get("specialties")),
		Consultants: listed(strings.ToUpper(in.Get("consultants"))), Whole: in.Get("whole") != "", Exceptions: in.Get("exceptions") != "", Terms: text("terms")}
	var err error
	if a.Fields, err = oversight.Fields(s.c.Dictionary, listed(in.Get("fields"))); err != nil {
		wrong = append(wrong, registry.Problem{At: "fields", Say: fault.Say(err)})
	}
	if back := text("lookback"); back != "" {
		if a.LookBack, err = strconv.Atoi(back); err != nil {
			wrong = append(wrong, registry.Problem{At: "lookback", Say: "The look-back is a number of months from 0, for any time, to 1200."})
		}
	}
	for _, kind := range policy.Approved.Needs() {
		key := "proof." + string(kind)
		p := policy.Proof{Kind: kind, Ref: text(key), From: at(key+".from", false), Until: at(key+".until", true)}
		if p.Ref != "" || !p.From.IsZero() || !p.Until.IsZero() {
			a.Proofs = append(a.Proofs, p)
		}
	}
	for _, p := range registry.AgreementProblems(a) {
		if !slices.ContainsFunc(wrong, func(q registry.Problem) bool { return q.At == p.At || strings.HasPrefix(q.At, p.At+".") }) {
			wrong = append(wrong, p)
		}
	}
	return a, onPage(wrong)
}

// onPage says of what is chosen from a list on a page, and of what is written in
// another form there, what a person does about it.
func onPage(wrong []registry.Problem) []registry.Problem {
	say := map[string]string{"role": "Choose the role.", "basis": "Choose the basis.", "years": "List the financial years that the agreement covers, such as 2008/09 to 2012/13."}
	for i, p := range wrong {
		if text := say[p.At]; text != "" {
			wrong[i].Say = text
		}
	}
	return wrong
}

// titled is the title of a page with a form, which says whether something in it is
// wrong.
func titled(title string, wrong []registry.Problem) string {
	if len(wrong) > 0 {
		return "Error: " + title
	}
	return title
}

// writeAgreement is an agreement as the form holds it.
func (s *Server) writeAgreement(a registry.Agreement) url.Values {
	out := url.Values{"ref": {a.Ref}, "title": {a.Title}, "basis": {string(a.Basis)}, "organisation": {a.Organisation}, "from": {s.written(a.From, false)}, "until": {s.written(a.Until, true)},
		"subsets": {strings.Join(a.Subsets, " ")}, "years": {writeYears(a.Years, " ")}, "fields": {strings.Join(a.Fields, " ")}, "exports": a.Exports, "provider": {a.Provider},
		"specialties": {strings.Join(a.Specialties, " ")}, "consultants": {strings.Join(a.Consultants, " ")}, "terms": {a.Terms}, "version": {oversight.Version(a)}}
	if a.LookBack > 0 {
		out.Set("lookback", strconv.Itoa(a.LookBack))
	}
	if a.Whole {
		out.Set("whole", "yes")
	}
	if a.Exceptions {
		out.Set("exceptions", "yes")
	}
	for _, p := range a.Proofs {
		key := "proof." + string(p.Kind)
		out.Set(key, p.Ref)
		out.Set(key+".from", s.written(p.From, false))
		out.Set(key+".until", s.written(p.Until, true))
	}
	return out
}

// agreementForm shows the form with what was typed and what is wrong with it.
func (s *Server) agreementForm(w http.ResponseWriter, r *http.Request, status int, was registry.Agreement, in url.Values, wrong []registry.Problem) error {
	x := view.AgreementForm{Title: "Add an agreement", Action: "/oversight/add-agreement", Back: "/oversight/agreements", Ref: was.Ref, Version: in.Get("version")}
	if was.Ref != "" {
		x.Title, x.Action, x.Back = "Amend "+was.Ref, agreementURL(was.Ref, "amend"), agreementURL(was.Ref, "")
	}
	f := newForm(in, wrong)
	x.Errors = f.summary()
	for _, b := range policy.Bases() {
		x.Bases = append(x.Bases, view.Box{Value: string(b), Label: b.Label(), On: in.Get("basis") == string(b)})
	}
	x.BasisError = f.say("basis")
	if was.Ref == "" {
		x.Begin = append(x.Begin, f.short("ref", "Reference", "Such as DSA-2041"))
	}
	x.Begin = append(x.Begin,
		f.field("title", "Study or team", ""),
		f.field("organisation", "Organisation that holds it", ""),
		f.short("from", "In force from", whenHint),
		f.short("until", "Ends", "The last day, 31/03/2027, or the moment at which it ends, 31/03/2027 17:00"),
		f.field("subsets", "Data sets", "Such as dermatology"),
		f.field("years", "Financial years", "Such as 2008/09 to 2012/13, or 2008/09 2010/11"),
		f.long("fields", "Fields beyond the ordinary ones", "Names from the data dictionary, such as LSOA01 or LOPATID"))
	x.Team = []view.FormField{
		f.short("provider", "Trust", "Provider code, PROCODE3, such as RTH"),
		f.field("specialties", "Specialties of the team", "Codes, such as 330"),
		f.field("consultants", "Consultants of the team", "Codes; with them the specialties are not asked"),
		f.short("lookback", "Treated within the last months", "Months before the last admission of the release; empty for any time"),
	}
	x.Ticks = []view.Box{
		{Name: "whole", Value: "yes", Label: "The patients’ episodes at other providers too", On: in.Get("whole") != ""},
		{Name: "exceptions", Value: "yes", Label: "Exceptions: one patient of the trust outside the team may be opened for a reason, for 15 minutes, and is reviewed", On: in.Get("exceptions") != ""},
	}
	if x.TicksError = f.say("whole"); x.TicksError == "" {
		x.TicksError = f.say("exceptions")
	}
	for _, kind := range policy.Approved.Needs() {
		key := "proof." + string(kind)
		var bases []string
		for _, b := range policy.Bases() {
			if slices.Contains(b.Needs(), kind) {
				bases = append(bases, strings.ToLower(b.Label()[:1])+b.Label()[1:])
			}
		}
		p := view.ProofFields{Label: sentenceCase(kind.Label()), For: "Needed for " + strings.Join(bases, "; ") + ".", At: key + ".all", Error: f.say(key)}
		p.Fields = []view.FormField{f.plain(key, "Reference"), f.short(key+".from", "Dated", ""), f.short(key+".until", "In force until", "")}
		x.Proofs = append(x.Proofs, p)
	}
	for value, label := range map[string]string{"tables": "Tables", "records": "Records"} {
		x.Exports = append(x.Exports, view.Box{Name: "exports", Value: value, Label: label, On: slices.Contains(in["exports"], value)})
	}
	slices.SortFunc(x.Exports, func(a, b view.Box) int { return strings.Compare(b.Label, a.Label) })
	x.ExportsError = f.say("exports")
	x.Further = []view.FormField{f.long("terms", "Conditions beside the standing ones", "When they change, everybody named is asked to accept them before seeing anything else")}
	return s.show(w, r, status, view.AgreementFormPage(s.frame(r, titled(x.Title, wrong), "agreements"), x))
}

const whenHint = "A day, 31/03/2027, or a moment, 31/03/2027 17:00"

// filled is a form as it was sent, with what is wrong with it.
type filled struct {
	in    url.Values
	wrong []registry.Problem
}

func newForm(in url.Values, wrong []registry.Problem) filled { return filled{in, wrong} }

func (f filled) say(at string) string {
	i := slices.IndexFunc(f.wrong, func(p registry.Problem) bool { return p.At == at })
	if i < 0 {
		return ""
	}
	return f.wrong[i].Say
}

// summary is everything that is wrong, each with the id of its field.
func (f filled) summary() []view.FormError {
	var out []view.FormError
	for _, p := range f.wrong {
		at := p.At
		switch at { // boxes have ids of their own
		case "whole", "exceptions":
			at += "yes"
		case "exports":
			at += "tables"
		}
		out = append(out, view.FormError{At: at, Say: p.Say})
	}
	return out
}

func (f filled) field(name, label, hint string) view.FormField {
	return view.FormField{Name: name, Label: label, Hint: hint, Value: f.in.Get(name), Error: f.say(name)}
}

func (f filled) short(name, label, hint string) view.FormField {
	x := f.field(name, label, hint)
	x.Short = true
	return x
}

func (f filled) long(name, label, hint string) view.FormField {
	x := f.field(name, label, hint)
	x.Long = true
	return x
}

// plain is a field whose error is said beside its group.
func (f filled) plain(name, label string) view.FormField {
	return view.FormField{Name: name, Label: label, Value: f.in.Get(name)}
}

// revokeAgreement asks why, and takes the agreement back.
func (s *Server) revokeAgreement(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	a, err := s.oversight.Agreement(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	status, in := http.StatusOK, url.Values{}
	var wrong []registry.Problem
	if r.Method == http.MethodPost {
		if err := v.form(w, r, 1<<14, unreadable); err != nil {
			return err
		}
		in = r.PostForm
		err := s.oversight.RevokeAgreement(r.Context(), v.by(), a.Agreement.Ref, in.Get("why"))
		if err == nil {
			http.Redirect(w, r, agreementURL(a.Agreement.Ref, ""), http.StatusSeeOther)
			return nil
		}
		k := fault.Of(err)
		if k != fault.Invalid && k != fault.Conflict {
			return err
		}
		status, wrong = k.Status(), []registry.Problem{{At: "why", Say: fault.Say(err)}}
	}
	f := newForm(in, wrong)
	named := map[bool]string{true: "Nobody is named on it.", false: strconv.Itoa(len(a.People)) + " people are named on it."}[len(a.People) == 0]
	if len(a.People) == 1 {
		named = "One person is named on it."
	}
	x := view.RevokeForm{Ref: a.Agreement.Ref, Title: a.Agreement.Title, Action: agreementURL(a.Agreement.Ref, "revoke"), Back: agreementURL(a.Agreement.Ref, ""), Errors: f.summary(), Named: named,
		Why: f.long("why", "Why it is revoked", "It is kept in the access record, so name no patient")}
	return s.show(w, r, status, view.RevokePage(s.frame(r, titled("Revoke "+a.Agreement.Ref, wrong), "agreements"), x))
}
