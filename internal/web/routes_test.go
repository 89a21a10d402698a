package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

// gives is what an address has for those whom it is for.
type gives int

const (
	nothing gives = iota // it tells of no episode
	counts               // counts for some, and a page without them for everybody
	data                 // data, or a refusal
	within               // no data, but a refusal to those who see none
)

// way is one way of asking for something: every handler has one, and each part of
// a page that a script can ask for.
type way struct {
	pattern string
	who     policy.Role // whom it is for
	gives   gives
	address string
	part    string
	form    url.Values
}

func (w way) String() string {
	return strings.Join([]string{string(w.who), w.pattern, w.address, w.part}, " ")
}

// ways are all of them, with ids that the researcher and the clinician were shown.
func (s *site) ways() []way {
	s.t.Helper()
	first := func(role policy.Role, address, prefix string) string {
		_, body, _ := s.get(role, address)
		link := parse(s.t, body).first(func(n node) bool {
			return n.Data == "a" && rowAddress.MatchString(n.attr("href")) && strings.HasPrefix(n.attr("href"), prefix)
		})
		if !link.ok() {
			s.t.Fatalf("no %s at %s", prefix, address)
		}
		return link.attr("href")
	}
	if _, err := s.store.Export(s.t.Context(), 1); err != nil { // the first of them
		s.letOut(s.asked(policy.Researcher, "", "csv"))
	}
	if _, err := s.store.Proposal(s.t.Context(), 1); err != nil {
		if _, err := s.store.AddProposal(s.t.Context(), registry.Proposal{Kind: "member-named", Agreement: "DSA-1", Account: "researcher", Body: []byte("{}"), Says: "of the test", By: "ig-lead", At: s.now}); err != nil {
			s.t.Fatal(err)
		}
	}
	const res, cli, pla, man, gov, aud = policy.Researcher, policy.Clinician, policy.Planner, policy.DataManager, policy.Governance, policy.Auditor
	out := []way{
		{"GET /{$}", res, nothing, "/", "", nil},
		{"GET /system", res, nothing, "/system", "", nil},
		{"GET /governance", res, nothing, "/governance", "", nil},
		{"GET /links", res, nothing, "/links", "", nil},
		{"GET /access", res, nothing, "/access", "", nil},
		{"GET /terms", res, nothing, "/terms", "", nil},
		{"GET /privacy", res, nothing, "/privacy", "", nil},
		{"GET /accessibility", res, nothing, "/accessibility", "", nil},
		{"GET /register", res, nothing, "/register", "", nil},
		{"GET /leaflet", res, nothing, "/leaflet", "", nil},
		{"GET /leaflet.pdf", res, nothing, "/leaflet.pdf", "", nil},
		{"GET /contact", res, nothing, "/contact", "", nil},
		{"POST /contact", res, nothing, "/contact", "", url.Values{"name": {"Somebody"}, "email": {"somebody"}}},
		{"GET /contact/sent", res, nothing, "/contact/sent", "", nil},
		{"GET /oversight/messages", gov, data, "/oversight/messages", "", nil},
		{"POST /oversight/messages/{id}", gov, within, "/oversight/messages/0", "", url.Values{}},
		{"GET /sign-in", res, nothing, "/sign-in", "", nil},
		{"POST /sign-in", res, nothing, "/sign-in", "", url.Values{"name": {"nobody"}}},
		{"GET /healthz", res, nothing, "/healthz", "", nil},
		{"POST /csp-reports", res, nothing, "/csp-reports", "", url.Values{}},
		{"GET /dictionary", res, nothing, "/dictionary", "", nil},
		{"GET /codes", res, nothing, "/codes", "", nil},
		{"/", res, nothing, "/nowhere", "", nil},
		{"GET /purpose", res, nothing, "/purpose", "", nil},
		{"POST /purpose", res, nothing, "/purpose", "", url.Values{}},
		{"GET /account", res, nothing, "/account", "", nil},
		{"POST /account/notices", res, nothing, "/account/notices", "", url.Values{"last": {"0"}}},
		{"POST /account/sessions", res, nothing, "/account/sessions", "", url.Values{"id": {"00"}}},
		{"GET /account/password", res, nothing, "/account/password", "", nil},
		{"POST /account/password", res, nothing, "/account/password", "", url.Values{"password": {chosen}}},
		{"GET /account/second-factor", res, nothing, "/account/second-factor", "", nil},
		{"GET /account/app", res, nothing, "/account/app", "", nil},
		{"POST /account/app", res, nothing, "/account/app", "", url.Values{}},
		{"POST /account/app/code", res, nothing, "/account/app/code", "", url.Values{"code": {"1"}}},
		{"POST /account/app/remove", res, nothing, "/account/app/remove", "", url.Values{}},
		{"POST /account/codes", res, nothing, "/account/codes", "", url.Values{}},
		{"POST /account/passkeys/begin", res, nothing, "/account/passkeys/begin", "", url.Values{}},
		{"POST /account/passkeys", res, nothing, "/account/passkeys", "", url.Values{}},
		{"POST /account/passkeys/remove", res, nothing, "/account/passkeys/remove", "", url.Values{"id": {"00"}}},
		{"POST /sign-in/passkey/begin", res, nothing, "/sign-in/passkey/begin", "", url.Values{}},
		{"POST /sign-in/passkey", res, nothing, "/sign-in/passkey", "", url.Values{}},
		{"POST /second-factor/passkey/begin", res, nothing, "/second-factor/passkey/begin", "", url.Values{}},
		{"POST /second-factor/passkey", res, nothing, "/second-factor/passkey", "", url.Values{}},
		{"GET /sign-in/elsewhere", res, nothing, "/sign-in/elsewhere", "", nil},
		{"GET /sign-in/elsewhere/return", res, nothing, "/sign-in/elsewhere/return", "", nil},
		{"GET /sign-in/link/{token}", res, nothing, "/sign-in/link/nothing", "", nil},
		{"POST /sign-in/link", res, nothing, "/sign-in/link", "", url.Values{"token": {"nothing"}, "password": {chosen}, "again": {chosen}}},
		{"GET /second-factor", res, nothing, "/second-factor", "", nil},
		{"POST /second-factor", res, nothing, "/second-factor", "", url.Values{"code": {"1"}}},
		{"POST /purpose/confirm", res, nothing, "/purpose/confirm", "", url.Values{"agreement": {"DSA-1"}}},
		{"GET /oversight", gov, data, "/oversight", "", nil},
		{"GET /oversight/agreements", gov, within, "/oversight/agreements", "", nil},
		{"GET /oversight/add-agreement", gov, within, "/oversight/add-agreement", "", nil},
		{"POST /oversight/add-agreement", gov, within, "/oversight/add-agreement", "", url.Values{"title": {"Nothing else"}}},
		{"GET /oversight/agreements/{ref}", gov, within, "/oversight/agreements/DSA-1", "", nil},
		{"GET /oversight/agreements/{ref}/amend", gov, within, "/oversight/agreements/DSA-1/amend", "", nil},
		{"POST /oversight/agreements/{ref}/amend", gov, within, "/oversight/agreements/DSA-1/amend", "", url.Values{"title": {""}}},
		{"GET /oversight/agreements/{ref}/revoke", gov, within, "/oversight/agreements/DSA-1/revoke", "", nil},
		{"POST /oversight/agreements/{ref}/revoke", gov, within, "/oversight/agreements/DSA-1/revoke", "", url.Values{"why": {""}}},
		{"GET /oversight/agreements/{ref}/person", gov, within, "/oversight/agreements/DSA-1/person?person=researcher", "", nil},
		{"POST /oversight/agreements/{ref}/person", gov, within, "/oversight/agreements/DSA-1/person", "", url.Values{"person": {"researcher"}}},
		{"POST /oversight/agreements/{ref}/take-off", gov, within, "/oversight/agreements/DSA-1/take-off", "", url.Values{"person": {"nobody"}}},
		{"GET /oversight/proposals", gov, within, "/oversight/proposals", "", nil},
		{"GET /oversight/proposals/{id}", gov, within, "/oversight/proposals/1", "", nil},
		{"POST /oversight/proposals/{id}", gov, within, "/oversight/proposals/1", "", url.Values{"do": {"nothing"}}},
		{"GET /oversight/exceptions", gov, within, "/oversight/exceptions", "", nil},
		{"POST /oversight/exceptions/{id}", gov, within, "/oversight/exceptions/0", "", url.Values{}},
		{"GET /patients/find", cli, within, "/patients/find", "", nil},
		{"POST /patients/find", cli, within, "/patients/find", "", url.Values{"number": {""}}},
		{"POST /patients/find/exception", cli, within, "/patients/find/exception", "", url.Values{"reason": {"short"}}},
		{"GET /oversight/people", gov, within, "/oversight/people", "", nil},
		{"GET /oversight/people/{name}", gov, within, "/oversight/people/researcher", "", nil},
		{"POST /oversight/people/{name}", gov, within, "/oversight/people/researcher", "", url.Values{"do": {"nothing"}}},
		{"GET /oversight/add-person", gov, within, "/oversight/add-person", "", nil},
		{"POST /oversight/add-person", gov, within, "/oversight/add-person", "", url.Values{"account": {"x"}}},
		{"GET /account/log", res, nothing, "/account/log", "", nil},
		{"GET /oversight/record", gov, data, "/oversight/record", "", nil},
		{"GET /oversight/record", aud, data, "/oversight/record?person=researcher&outcome=shown", "", nil},
		{"GET /oversight/record/{entry}", gov, data, "/oversight/record/1", "", nil},
		{"GET /oversight/patient", gov, within, "/oversight/patient", "", nil},
		{"POST /oversight/patient", gov, data, "/oversight/patient", "", url.Values{"key": {"SYNTH000000000000000000000000005"}}},
		{"GET /oversight/bulk", gov, data, "/oversight/bulk", "", nil},
		{"GET /oversight/bulk", aud, data, "/oversight/bulk?by=week&rank=rows", "", nil},
		{"GET /oversight/checkpoints", gov, data, "/oversight/checkpoints", "", nil},
		{"GET /records/columns", res, within, "/records/columns", "", nil},
		{"POST /records/columns", res, within, "/records/columns", "", url.Values{"column": {"SEX"}}},
		{"GET /records/find", res, within, "/records/find?q=psor", "", nil},
		{"GET /records/find", res, within, "/records/find?q=psor", "list", nil},
		{"POST /records/find", res, within, "/records/find", "", url.Values{"q": {"psor"}}},
		{"GET /records", res, data, "/records?sex=1&view=charts", "", nil},
		{"GET /records", res, data, "/records?view=charts&by=SEX", "app", nil},
		{"GET /records", res, data, "/records?view=spells", "", nil},
		{"GET /records", res, data, "/records?view=patients", "", nil},
		{"GET /records", cli, data, "/records?view=patients", "app", nil},
		{"GET /records", res, data, "/records", "", nil},
		{"GET /records", res, data, "/records", "app", nil},
		{"GET /records", res, data, "/records?open=sex", "fac-sex", nil},
		{"GET /records", res, data, "/records?dx=Q99", "", nil}, // an empty list
		{"GET /records/conditions", res, data, "/records/conditions?if=SEX+is+1", "", nil},
		{"GET /records/conditions", cli, data, "/records/conditions", "conditions", nil},
		{"POST /records/conditions", res, data, "/records/conditions", "", url.Values{"if": {"SEX is 1"}}},
		{"GET /records/values/{key}", res, data, "/records/values/dx", "", nil},
		{"GET /records/values/{key}", cli, data, "/records/values/sex", "", nil},
		{"GET /records/charts/{file}", res, data, "/records/charts/provider.csv", "", nil},
		{"GET /exports", res, nothing, "/exports", "", nil},
		{"GET /exports/new", res, data, "/exports/new?sex=1", "", nil},
		{"POST /exports/new", res, within, "/exports/new", "", url.Values{"list": {"sex=1"}}},
		{"GET /exports/definition/{file}", res, data, "/exports/definition/hes-list.txt?sex=1", "", nil},
		{"GET /exports/{id}", res, within, "/exports/1", "", nil},
		{"POST /exports/{id}", res, within, "/exports/1", "", url.Values{"do": {"nothing"}}},
		{"GET /exports/{id}/{file}", res, data, "/exports/1/hes-export-1.csv", "", nil},
		{"GET /oversight/exports", gov, within, "/oversight/exports", "", nil},
		{"GET /oversight/exports/{id}", gov, within, "/oversight/exports/1", "", nil},
		{"POST /oversight/exports/{id}", gov, within, "/oversight/exports/1", "", url.Values{"do": {"nothing"}}},
		{"GET /tables", pla, data, "/tables", "", nil},
		{"GET /tables/{name}", pla, data, "/tables/year-by-sex", "", nil},
		{"GET /tables/{name}", pla, data, "/tables/sex.csv", "", nil},
		{"GET /quality", man, data, "/quality", "", nil},
		{"GET /quality/loads/{id}", man, data, "/quality/loads/" + now, "", nil},
		{"GET /quality/loads/{id}", man, data, "/quality/loads/" + now + ".json", "", nil},
		{"POST /quality/loads/{id}/serve", man, within, "/quality/loads/" + now + "/serve", "", url.Values{}},
		{"GET /dictionary/{field}", res, counts, "/dictionary/ADMIMETH", "", nil},
		{"GET /dictionary/{field}", pla, counts, "/dictionary/SEX", "", nil},
		{"GET /codes/{list}", res, counts, "/codes/icd10", "", nil},
		{"GET /codes/{list}/{code}", cli, counts, "/codes/icd10/L40", "", nil},
	}
	for _, role := range []policy.Role{res, cli} {
		patient := first(role, "/records?view=patients", "/patients/")
		episode := first(role, patient, "/records/")
		out = append(out, way{"GET /patients/{id}", role, data, patient, "", nil}, way{"GET /records/{id}", role, data, episode, "", nil}, way{"GET /records/{id}", role, data, episode, "drawer", nil})
	}
	return append(out, way{"POST /sign-out", policy.Auditor, nothing, "/sign-out", "", url.Values{}}) // the last: it signs out
}

var rowAddress = regexp.MustCompile(`^/(records|patients)/[\w-]{22}(\?|$)`)

// take asks for something as somebody, and follows where it is sent within the
// same page.
func (s *site) take(role policy.Role, w way, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, w.address, nil)
	if w.form != nil {
		w.form.Set("purpose", s.purpose(role))
		r = httptest.NewRequest(http.MethodPost, w.address, strings.NewReader(w.form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("X-Part", w.part)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if c, ok := s.cookies[role]; ok {
		r.AddCookie(c)
	}
	got := httptest.NewRecorder()
	s.server.ServeHTTP(got, r)
	if path, _, _ := strings.Cut(w.address, "?"); got.Code == http.StatusSeeOther && w.form == nil {
		if at, _, _ := strings.Cut(got.Header().Get("Location"), "?"); at == path {
			w.address = got.Header().Get("Location")
			return s.take(role, w, header...)
		}
	}
	return got
}

// since are the events after the first n.
func (s *site) since(n int) []audit.Event {
	s.t.Helper()
	var out []audit.Event
	err := s.store.Entries(s.t.Context(), int64(n)+1, func(x audit.Entry) bool {
		var e audit.Event
		if err := json.Unmarshal(x.Body, &e); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, e)
		return true
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// said is the text of an answer to a person, without what differs each time.
func said(t testing.TB, got *httptest.ResponseRecorder) string {
	doc := parse(t, quotedText.ReplaceAllString(got.Body.String(), "quote it"))
	box := doc.first(byTag("main"))
	if !box.ok() {
		box = doc.first(byID("trouble"))
	}
	return strings.Join(strings.Fields(strings.NewReplacer("Try again", "", "Choose another purpose", "", "Back to the start", "").Replace(box.text())), " ")
}

// bare checks that an answer is a refusal or an excuse and nothing else: the text
// that it should be, and no header of a file.
func bare(t *testing.T, w way, got *httptest.ResponseRecorder, status int, want string) {
	t.Helper()
	if got.Code != status || said(t, got) != want+" If you ask for help, quote it ." && said(t, got) != want+" If you ask for help, quote it." || got.Header().Get("Content-Disposition") != "" || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") {
		t.Errorf("%s: status %d, %v: %q", w, got.Code, got.Header(), said(t, got))
	}
}

func TestEveryRouteIsAskedFor(t *testing.T) {
	s := open(t, &web.Assets{})
	want := web.Routes(s.server.(*web.Server))
	var got []string
	for _, w := range s.ways() {
		if !slices.Contains(got, w.pattern) {
			got = append(got, w.pattern)
		}
		status := s.take(w.who, w).Code
		if want := map[bool]int{true: http.StatusOK, false: status}[w.gives == data || w.gives == counts]; status != want {
			t.Errorf("%s: status %d", w, status)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-there are +asked for):\n%s", diff)
	}
}

// Without the access record there is no answer: not a byte of the data leaves, by
// any route, and all is well once it can be written again.
func TestNoAnswerWithoutTheAccessRecord(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, w := range s.ways() {
		if w.gives != data && w.gives != counts {
			continue
		}
		s.paper.torn = true
		before := s.events()
		bare(t, w, s.take(w.who, w), http.StatusServiceUnavailable, "Not available just now The access record cannot be written, so nothing can be shown. Please try again in a few minutes.")
		s.paper.torn = false
		if s.events() != before {
			t.Fatalf("%s: the record was written, so this tests nothing", w)
		}
		if got := s.take(w.who, w); got.Code != http.StatusOK || s.events() == before {
			t.Errorf("%s: it does not recover: status %d, %d events", w, got.Code, s.events()-before)
		}
	}
}

// Whoever hangs up as soon as the site knows who it is leaves a record all the same.
func TestHangingUpDoesNotAvoidTheRecord(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, address := range []string{"/records/find", "/records/conditions", "/records/columns", "/quality"} {
		ctx, hangUp := context.WithCancel(t.Context())
		s.paper.read = hangUp
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		r.AddCookie(s.cookies[policy.Planner])
		before := s.events()
		got := httptest.NewRecorder()
		s.server.ServeHTTP(got, r)
		s.paper.read = nil
		if events := s.since(before); ctx.Err() == nil || got.Code != http.StatusForbidden || len(events) != 1 || events[0].Outcome != "refused" || events[0].Actor != "planner" {
			t.Errorf("%s: status %d, events %+v", address, got.Code, events)
		}
	}
}

// When an agreement ends, or an account is closed, the next request is refused by
// every route, and the refusal is recorded.
func TestAccessEndsInTheMiddle(t *testing.T) {
	s := open(t, &web.Assets{}, func(o *source) { o.agreement.Until = time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC) })
	ways := s.ways()
	named := func(w way) bool { return w.who == policy.Researcher || w.who == policy.Clinician }
	last := s.records.agreement.Until.Add(-time.Millisecond)
	for _, moment := range []time.Time{last, s.records.agreement.Until} {
		s.now = moment
		for _, w := range ways {
			if !named(w) || w.gives == nothing {
				continue
			}
			before := s.events()
			got := s.take(w.who, w)
			events := s.since(before)
			ref := map[policy.Role]string{policy.Researcher: s.records.agreement.Ref, policy.Clinician: s.records.clinic().Ref}[w.who]
			switch {
			case moment.Equal(last):
				if got.Code >= 400 && (w.form == nil || got.Code != http.StatusBadRequest) || slices.ContainsFunc(events, func(e audit.Event) bool { return e.Outcome == "refused" }) {
					t.Errorf("%s: status %d before the end: %+v", w, got.Code, events)
				}
				continue
			case w.gives == counts:
				if got.Code != http.StatusOK || strings.Contains(got.Body.String(), `class="num"`) || !strings.Contains(said(t, got), "Agreement "+ref+" has ended.") {
					t.Errorf("%s: status %d: %s", w, got.Code, said(t, got))
				}
			default:
				bare(t, w, got, http.StatusForbidden, "You may not see this Agreement "+ref+" has ended. Ask the information governance lead.")
			}
			want := []audit.Event{{Kind: "page", Actor: string(w.who), Role: string(w.who), Purpose: ref, Question: w.pattern, Outcome: "refused", Address: "192.0.2.1"}}
			for i := range events {
				events[i].At, events[i].Request = time.Time{}, ""
			}
			if diff := cmp.Diff(want, events); diff != "" {
				t.Errorf("%s: events (-want +got):\n%s", w, diff)
			}
		}
	}
	s.now = last
	for _, role := range policy.Roles() {
		u, err := s.store.UserByName(t.Context(), string(role))
		if err == nil {
			err = s.store.SetDisabled(t.Context(), u.ID, true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range ways {
		if w.gives == nothing {
			continue
		}
		before := s.events()
		got := s.take(w.who, w)
		switch {
		case w.gives == counts:
			if got.Code != http.StatusOK || strings.Contains(got.Body.String(), `class="num"`) {
				t.Errorf("%s of a closed account: status %d", w, got.Code)
			}
		case w.part == "" && w.form == nil:
			if got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/sign-in?next=") || plain(got.Body.String()) != "See Other ." {
				t.Errorf("%s of a closed account: status %d: %q", w, got.Code, plain(got.Body.String()))
			}
		default:
			bare(t, w, got, http.StatusUnauthorized, "Sign in to go on Sign in to go on.")
		}
		if s.events() != before {
			t.Errorf("%s of a closed account: an event that names somebody who is not signed in", w)
		}
	}
}

// Whoever is refused leaves exactly one event, which names the person, and the page
// or the question in known names.
func TestEveryRefusalIsRecorded(t *testing.T) {
	s := open(t, &web.Assets{})
	refusals := 0
	for _, w := range s.ways() {
		if w.gives == nothing {
			continue
		}
		for _, role := range policy.Roles() {
			before := s.events()
			got := s.take(role, w, "X-Canary", "QQCANARYQQ")
			events := s.since(before)
			if got.Code != http.StatusForbidden {
				if slices.ContainsFunc(events, func(e audit.Event) bool { return e.Outcome == "refused" }) != (got.Code == http.StatusNotFound) {
					t.Errorf("%s as %s: status %d, %+v", w, role, got.Code, events)
				}
				continue
			}
			refusals++
			if len(events) != 1 || events[0].Outcome != "refused" || events[0].Actor != string(role) || events[0].Question == "" || events[0].Request == "" || events[0].Rows != 0 {
				t.Errorf("%s as %s: %+v", w, role, events)
			}
		}
	}
	if refusals < 100 {
		t.Errorf("only %d refusals", refusals)
	}
	// what is refused is no place for words that somebody sends
	for _, c := range []struct {
		role    policy.Role
		address string
		part    string
	}{
		{policy.Planner, "/records/find?q=QQCANARYQQ", ""}, {policy.Planner, "/records/find?QQCANARYQQ=1", "list"}, {policy.Planner, "/records/conditions?if=QQCANARYQQ", ""},
		{policy.Clinician, "/records/columns?find=QQCANARYQQ", ""}, {policy.Planner, "/records?QQCANARYQQ=1", "fac-sex"}, {policy.Planner, "/records/values/sex?find=QQCANARYQQ", ""},
		{policy.Researcher, "/quality/loads/QQCANARYQQ", ""}, {policy.Planner, "/records/QQCANARYQQ", ""}, {policy.Planner, "/patients/QQCANARYQQ", ""}, {policy.Researcher, "/tables/year-by-sex?QQCANARYQQ", ""},
		{policy.Researcher, "/records/columns?column=QQCANARYQQ", ""},
	} {
		before := s.events()
		got := s.take(c.role, way{address: c.address, part: c.part})
		events := s.since(before)
		if got.Code != http.StatusForbidden || len(events) != 1 || events[0].Outcome != "refused" {
			t.Errorf("%s as %s: status %d, events %+v", c.address, c.role, got.Code, events)
		}
		for _, e := range events {
			if body, err := audit.Encode(e); err != nil || strings.Contains(string(body), "CANARY") {
				t.Errorf("%s as %s: %s, %v", c.address, c.role, body, err)
			}
		}
	}
}
