package web_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/auth"
	"webenablehes/internal/codelist"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/imprint"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/quality"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// site is the pages over a small release in memory, with one person of each role.
type site struct {
	t       testing.TB
	server  http.Handler
	site    *web.Server
	files   string // folder of files that people ask for
	publish func(string) error
	records *source
	store   registry.Store
	auth    *auth.Service
	cookies map[policy.Role]*http.Cookie
	now     time.Time
	paper   *paper
}

// paper is the registry whose access record can be made to fail.
type paper struct {
	registry.Store
	torn   bool
	read   func()            // called when an account has been looked up; may be nil
	before func(audit.Event) // called before an event is kept; may be nil
}

func (p *paper) User(ctx context.Context, id int64) (registry.User, error) {
	u, err := p.Store.User(ctx, id)
	if p.read != nil {
		p.read()
	}
	return u, err
}

func (p *paper) Record(ctx context.Context, e audit.Event) error {
	if p.torn {
		return errors.New("no space left on the disk")
	}
	if p.before != nil {
		p.before(e)
	}
	return p.Store.Record(ctx, e)
}

type source struct {
	engine    driver.Engine
	facts     warehouse.Facts
	dict      *hes.Dictionary
	agreement registry.Agreement // of the researcher; the clinician has another of the same years, see clinic
	team      string             // the clinician works at this provider
	log       slog.Handler
	other     auth.Elsewhere // by which people sign in too
	lists     []codelist.List
	secure    bool // people come over TLS
	proxy     []netip.Prefix
	imprint   imprint.Site
	budget    warehouse.Budget // of an hour; a test looks at more in no time
	next      func() string    // the id of the release that is served by now; nil: that of facts
}

func (s *source) Acquire(context.Context) (driver.Engine, warehouse.Facts, func(), error) {
	f := s.facts
	if s.next != nil {
		f.ID = s.next()
	}
	return s.engine, f, func() {}, nil
}

// before and now are the ids of the two releases of the site.
const before, now = "20261101-080000-aaaa", "20261124-090000-bbbb"

type loads map[string]*quality.Report

func (l loads) List(context.Context) ([]warehouse.Loaded, error) {
	made := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return []warehouse.Loaded{
		{ID: now, Made: made, Program: "0.2.0", Subset: "dermatology", Years: []string{"0809", "0910"}, Served: true, Synthetic: true, Rows: l[now].Rows},
		{ID: before, Made: made.AddDate(0, 0, -23), Program: "0.1.0", Subset: "dermatology", Years: []string{"0809"}, Synthetic: true, Rows: l[before].Rows},
	}, nil
}

func (l loads) Report(_ context.Context, id string) (*quality.Report, error) {
	if r, ok := l[id]; ok {
		return r, nil
	}
	return nil, fault.New(fault.NotFound, "There is no such release.")
}

func reports() loads {
	return loads{
		before: {Rows: quality.Rows{Read: 21000, Kept: 5003, Rejected: 10, OutsideSubset: 15987}, Rules: []quality.RuleCount{{ID: "C1", What: "Words for nothing are not recorded.", Source: "a source", Count: 3}},
			Whole: quality.Whole{Staged: 20990, Kept: 5003, OutsideSubset: 15987, Persons: 3001}, WholeYears: []quality.Part{{Value: "0809", Kept: 5003, OutsideSubset: 15987}},
			Completeness: []quality.FieldByYear{{Field: "ETHNOS", Filled: []int{4003}}}},
		now: {Rows: quality.Rows{Read: 42011, Kept: 10022, Rejected: 12, OutsideSubset: 31977},
			Files:        []quality.File{{Name: "in/hes_0910.txt", Size: 5_400_000, SHA256: strings.Repeat("ab", 32), Rows: 42011, Form: "pipe-separated, gzip", Columns: 60, Years: []string{"0809", "0910", "1011"}, LeftOut: []quality.LeftOut{{Column: "WHAT", Why: "not in the data dictionary"}}}},
			Rules:        []quality.RuleCount{{ID: "C1", What: "Words for nothing are not recorded.", Source: "a source", Count: 4}, {ID: "C5", What: "Babies are 0 years.", Source: "a source"}},
			Derived:      []quality.RuleCount{{ID: "D1", What: "Another row tells of the same episode and is better.", Source: "a source", Count: 2}, {ID: "P1", What: "Continuous stays by NHS Digital’s method.", Source: "a source", Count: 9001}},
			SubsetRules:  []quality.RuleCount{{ID: "N1", What: "Care under dermatology.", Source: "a source", Count: 6003}},
			Rejects:      []quality.Reject{{Reason: "The row has no EPIKEY.", Count: 12, At: []quality.Place{{File: "in/hes_0910.txt", Line: 9, Column: "EPIKEY"}, {File: "in/hes_0910.txt", Line: 12}}}},
			Whole:        quality.Whole{Staged: 41999, Kept: 10022, OutsideSubset: 31977, Persons: 6002, Replaced: 20990},
			WholeYears:   []quality.Part{{Value: "0809", Kept: 5003, OutsideSubset: 15987}, {Value: "0910", Kept: 5016, OutsideSubset: 15990}, {Value: "1011", Kept: 3}},
			Providers:    []quality.Part{{Value: "RAL", Kept: 10013, OutsideSubset: 31974}, {Value: "RTH", Kept: 5, OutsideSubset: 3}, {Value: "", Kept: 4}},
			Completeness: []quality.FieldByYear{{Field: "ADMIDATE", Filled: []int{5003, 5016, 3}}, {Field: "ETHNOS", Filled: []int{3403, 4664, 2}}, {Field: "DIAG_02", Filled: []int{1403, 1664, 0}}, {Field: "SPELBGIN", Filled: []int{4403, 0, 2}}},
			Unlisted:     []quality.FieldCount{{Field: "SEX", Rows: 6}}, Notes: []string{"The name of hes_0910.txt says 2009/10, but it holds rows of 2010/11."}},
	}
}

// held are the fields of the site's release.
func held() []string {
	return []string{"EPIKEY", hes.PersonField, "ADMIDATE", "EPISTART", "EPIEND", "EPISTAT", "ADMIMETH", "CLASSPAT", "FYEAR", "STARTAGE", "SEX", "PROCODE3", "MAINSPEF", "TRETSPEF",
		"DIAG_01", "DIAG_02", "OPERTN_01", "DUPLICATE", "SUBSET_1", "SUBSET_2", "AGE_BAND", "ETHNIC5", "ADMISSION_GROUP", "CONDITION_GROUP", "READMITTED_30", "LOS_DAYS", "CHARLSON", "STAY_NHSD", "STAY_CHE", "PROVIDER_SPELL", policy.NumberField}
}

// episodes are 60: two of them duplicates, three unfinished, four under no
// dermatologist, and these nine are different ones.
func episodes() []driver.Record {
	bands := []string{"90+", "5-9", "10-14", "1-4", "85-89"}
	groups := []string{"day case", "emergency", "ordinary elective"}
	var out []driver.Record
	for i := range 60 {
		r := driver.Record{"EPIKEY": fmt.Sprint(1000 + i), hes.PersonField: fmt.Sprintf("SYNTH%027d", i/2), "ADMIDATE": fmt.Sprintf("2009-%02d-%02d", 1+i%12, 1+i%28), "FYEAR": "0910",
			"EPISTAT": "3", "ADMIMETH": "12", "CLASSPAT": "2", "STARTAGE": fmt.Sprint(20 + i), "SEX": fmt.Sprint(1 + i%2), "PROCODE3": "RAL", "MAINSPEF": "330", "TRETSPEF": "330",
			"DIAG_01": "L400", "OPERTN_01": "S065", "DUPLICATE": "0", "SUBSET_1": "N1", "AGE_BAND": bands[i%5], "ETHNIC5": "White", "ADMISSION_GROUP": groups[i%3], "CONDITION_GROUP": "psoriasis",
			"READMITTED_30": "0", "LOS_DAYS": fmt.Sprint(i % 4), "CHARLSON": "0", "STAY_NHSD": fmt.Sprint(i), "STAY_CHE": fmt.Sprint(i), "PROVIDER_SPELL": fmt.Sprint(i), policy.NumberField: fmt.Sprintf("QQLOCAL%d", i/2)}
		switch {
		case i < 2:
			r["DUPLICATE"] = "1"
		case i < 5:
			r["EPISTAT"] = "1"
		case i < 9:
			r["SUBSET_1"] = "N2"
		case i == 9:
			delete(r, "DUPLICATE") // nobody knows: no duplicate
		case i == 10:
			r["RAW:DIAG_01"], r["DIAG_02"], r["RAW:DIAG_02"], r["ORIGIN"] = "L40.0 ", "", "null", "in/hes_0910.txt:12"
		}
		out = append(out, r)
	}
	return out
}

func open(t testing.TB, assets *web.Assets, change ...func(*source)) *site {
	t.Helper()
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := sqlstore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	store := &paper{Store: kept}
	s := &site{t: t, store: store, paper: store, cookies: map[policy.Role]*http.Cookie{}, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	service, err := auth.New(auth.Options{Store: store, Now: clock, Random: rand.Reader, Cost: auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}, Key: make([]byte, 32), Origin: "http://localhost"})
	if err != nil {
		t.Fatal(err)
	}
	e := memory.New(dict, drivertest.Columns(t, dict, held()), episodes())
	s.records = &source{log: slog.NewTextHandler(io.Discard, nil), engine: e, dict: dict, facts: warehouse.Facts{ID: now, Loaded: clock(), Synthetic: true, Subset: "dermatology", Years: []string{"0910"}, Rows: "under 100", Columns: e.Info().Columns,
		Rules: []warehouse.Rule{{ID: "N1", Title: "Care under dermatology", Start: true}, {ID: "N2", Title: "A skin diagnosis"}}},
		team:      "RAL",
		budget:    warehouse.Budget{Records: 1_000_000, Rows: 100_000_000},
		agreement: study(clock(), "0809", "0910", "1011")}
	for _, c := range change {
		c(s.records)
	}
	log := slog.New(s.records.log)
	wh, err := warehouse.New(warehouse.Options{Dictionary: dict, Source: s.records, Recorder: store, Archive: store, Loads: reports(), Key: make([]byte, 32), Now: clock, Log: log, Budget: s.records.budget})
	if err != nil {
		t.Fatal(err)
	}
	s.publish = func(string) error { return nil }
	s.files = filepath.Join(t.TempDir(), "exports")
	s.site, err = web.New(web.Config{Warehouse: wh, Store: store, Auth: service, Dictionary: dict, Codes: codes, Lists: s.records.lists, Assets: assets, Cleaning: cleaning, Now: clock, Log: log, Loopback: !s.records.secure, Secure: s.records.secure, Proxy: s.records.proxy, Elsewhere: s.records.other, Files: s.files, Site: s.records.imprint, Publish: func(id string) error { return s.publish(id) }})
	if err != nil {
		t.Fatal(err)
	}
	s.server = s.site
	clinic := s.records.clinic()
	for _, a := range []registry.Agreement{s.records.agreement, clinic} {
		if err := store.AddAgreement(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	s.auth = service
	for _, role := range policy.Roles() {
		s.join(string(role), role, map[policy.Role]string{policy.Researcher: s.records.agreement.Ref, policy.Clinician: clinic.Ref}[role])
	}
	return s
}

// join adds somebody, named on an agreement or on none, and signs them in. What
// they do is asked for by their name in place of a role.
func (s *site) join(name string, role policy.Role, agreement string) {
	s.t.Helper()
	const password = "a long password of a test"
	u := registry.User{Name: name, Display: role.Label(), Role: role}
	var err error
	if u.Hash, err = s.auth.Hash(s.t.Context(), u, password); err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.AddUser(s.t.Context(), u); err != nil {
		s.t.Fatal(err)
	}
	token, u, err := s.auth.SignIn(s.t.Context(), name, password, auth.From{Address: "127.0.0.1", Request: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	token = s.strong(token)
	if agreement != "" {
		token = s.choose(token, u, agreement)
	}
	s.cookies[policy.Role(name)] = &http.Cookie{Name: "session", Value: token}
}

// strong takes a session over to another token, as after a second factor.
func (s *site) strong(token string) string {
	s.t.Helper()
	hash := func(token string) []byte { sum := sha256.Sum256([]byte(token)); return sum[:] }
	x, err := s.store.Session(s.t.Context(), hash(token))
	if err != nil {
		s.t.Fatal(err)
	}
	fresh := rand.Text()
	x.TokenHash, x.Strong, x.Proved = hash(fresh), s.now, s.now
	if err := s.store.ReplaceSession(s.t.Context(), hash(token), x); err != nil {
		s.t.Fatal(err)
	}
	return fresh
}

// choose names somebody on an agreement and makes it the purpose of a session,
// whose new token it returns.
func (s *site) choose(token string, u registry.User, agreement string) string {
	s.t.Helper()
	a, err := s.store.Agreement(s.t.Context(), agreement)
	if err != nil {
		s.t.Fatal(err)
	}
	place := policytest.Member(a.From.AddDate(0, 1, 0))
	if err := s.store.PutMember(s.t.Context(), registry.Member{Agreement: agreement, UserID: u.ID, From: place.From, Trained: place.Trained, Registration: place.Registration, Sponsor: place.Sponsor, Attested: place.Attested}); err != nil {
		s.t.Fatal(err)
	}
	token, _, err = s.auth.Choose(s.t.Context(), token, agreement, a.TermsVersion(), true, "127.0.0.1", "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// purpose is what a session is for.
func (s *site) purpose(role policy.Role) string {
	c, ok := s.cookies[role]
	if !ok {
		return ""
	}
	_, x, _ := s.auth.Check(s.t.Context(), c.Value)
	return x.Agreement
}

// study is an agreement that is in force from a month before a moment to a month
// after it.
func study(at time.Time, years ...string) registry.Agreement {
	return registry.Agreement{Ref: "DSA-1", Title: "Study", Basis: policy.Study, From: at.AddDate(0, -1, 0), Until: at.AddDate(0, 1, 0), Subsets: []string{"dermatology"}, Years: years, Exports: []string{"records", "tables"}, Proofs: policytest.Proofs(policy.Study, at)}
}

// clinic is the clinician's agreement.
func (s *source) clinic() registry.Agreement {
	a := s.agreement
	a.Ref, a.Title, a.Basis, a.Provider, a.Specialties = "CLINIC-1", "Clinic", policy.Clinical, s.team, []string{"330"}
	a.Fields, a.Exceptions = append(slices.Clone(a.Fields), policy.NumberField), true
	a.Proofs, a.Exports = policytest.Proofs(policy.Clinical, a.From.AddDate(0, 1, 0)), nil
	return a
}

// get asks for a page as somebody and follows a redirect to the canonical
// address, which it returns.
func (s *site) get(role policy.Role, address string) (status int, body, canonical string) {
	s.t.Helper()
	for range 3 {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		if c, ok := s.cookies[role]; ok {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther {
			return w.Code, w.Body.String(), address
		}
		address = w.Header().Get("Location")
	}
	s.t.Fatal("redirected again and again")
	return 0, "", ""
}

// cleaning stands for the rules of a load, which pages do not import.
func cleaning(hes.Field) []hes.Rule {
	return []hes.Rule{{ID: "C9-9", What: "A rule of the test.", Source: "the test"}}
}

// events is how many entries the access record has.
func (s *site) events() int {
	s.t.Helper()
	n := 0
	if err := s.store.Entries(s.t.Context(), 0, func(audit.Entry) bool { n++; return true }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// serving serves other episodes in place of the site's own.
func serving(t testing.TB, rows []driver.Record) func(*source) {
	t.Helper()
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	return func(s *source) { s.engine = memory.New(dict, drivertest.Columns(t, dict, held()), rows) }
}

// between returns the parts of a page between two marks, without tags and with
// single spaces.
func between(body, from, to string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(body, from)
		if !ok {
			return out
		}
		var part string
		part, body, _ = strings.Cut(rest, to)
		out = append(out, plain(part))
	}
}

func plain(html string) string {
	var b strings.Builder
	for html != "" {
		text, rest, _ := strings.Cut(html, "<")
		b.WriteString(text + " ")
		_, html, _ = strings.Cut(rest, ">")
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func contains(t *testing.T, body string, want ...string) {
	t.Helper()
	text := plain(body)
	for _, w := range want {
		if !strings.Contains(text, w) && !slices.Contains(strings.Fields(body), w) {
			t.Errorf("the page does not say %q", w)
		}
	}
}
