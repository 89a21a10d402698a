package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"webenablehes/internal/audit"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// Words that stand nowhere but where a test has put them: in the values of rows,
// and in what somebody sends.
const (
	inARow = "QZXROW"
	typed  = "QZXTYPED"
)

// marked are episodes of which every value that could tell of a patient holds the
// word.
func marked() []driver.Record {
	rows := episodes()
	for i, r := range rows {
		n := fmt.Sprintf("%s%03d", inARow, i)
		for _, field := range []string{hes.EpisodeKey, "PROCODE3", "DIAG_01", "DIAG_02", "OPERTN_01", "ADMIMETH", "ETHNIC5", "CONDITION_GROUP"} {
			r[field] = n
		}
		r[hes.PersonField] = fmt.Sprintf("%s%03d", inARow, i/2)
		r["PROCODE3"] = inARow
		r[driver.OriginKey] = "in/hes.txt:" + fmt.Sprint(i)
		r[driver.RawKey("DIAG_01")] = " " + n
	}
	return rows
}

// brittle is an engine that breaks now and then, with a row in its hands.
type brittle struct {
	driver.Engine
	sync.Mutex
	asked int
}

func (b *brittle) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	b.Lock()
	b.asked++
	n := b.asked
	b.Unlock()
	a, err := b.Engine.Ask(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case n%23 == 0 && len(a.Rows) > 0 && len(a.Rows[0].Values) > 0:
		panic(a.Rows[0].Values)
	case n%29 == 0:
		panic(errors.New("a value that was not expected: " + inARow))
	case n%31 == 0:
		panic("a value that was not expected: " + inARow)
	case n%37 == 0:
		var none []string
		_ = none[len(a.Rows)]
	case n%41 == 0:
		return nil, errors.New("a block is damaged")
	}
	return a, nil
}

// Whatever is asked for, and whatever breaks, what is in a row is in no log, no
// address that a browser is sent to, no file's name and no entry of the access
// record, and what somebody typed is in no log and no file's name.
func TestNoValueGetsOut(t *testing.T) {
	var log bytes.Buffer
	engine := &brittle{}
	s := open(t, &web.Assets{}, func(o *source) {
		dict, err := hes.Load()
		if err != nil {
			t.Fatal(err)
		}
		engine.Engine = memory.New(dict, drivertest.Columns(t, dict, held()), marked())
		o.engine, o.log = engine, slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})
		o.facts.Rules = []warehouse.Rule{{ID: "N1", Title: "Care under dermatology", Start: true}, {ID: "N2", Title: "A skin diagnosis"}}
		o.team = inARow
	})
	engine.asked = -1000 // whole while the addresses are found
	in := newIntruder(s, 8)
	engine.asked = 0
	send := func(r *http.Request, role policy.Role) *httptest.ResponseRecorder {
		if c, ok := s.cookies[role]; ok {
			r.AddCookie(c)
		}
		got := httptest.NewRecorder()
		s.server.ServeHTTP(got, r)
		return got
	}
	kinds, shown := map[int]int{}, 0
	check := func(i int, r *http.Request, role policy.Role, got *httptest.ResponseRecorder) {
		kinds[got.Code]++
		if strings.Contains(got.Body.String(), inARow) {
			shown++
		}
		for name, values := range got.Header() {
			if text := strings.Join(values, " "); strings.Contains(text, inARow) || strings.Contains(text, typed) && name != "Location" && name != "X-Canonical" {
				t.Errorf("%d: %s %s as %s: the header %s is %q", i, r.Method, r.URL, role, name, text)
			}
		}
	}
	for i := range 1500 {
		role := policy.Role(in.one("researcher", "researcher", "researcher", "clinician", "planner", "data-manager", ""))
		address := in.path()
		q := []string{in.query(5), in.key() + "=" + typed, typed + "=1", "dx=" + typed, "prov=" + typed, "find=" + typed, "if=EPIKEY+is+" + typed, "q=" + typed}
		address += "?" + strings.Join(q[:1+in.IntN(2)], "&") + "&" + q[in.IntN(len(q))]
		switch in.IntN(8) {
		case 0, 1:
			address = in.one("/records", "/records?view=patients", "/records?view=spells", "/records?view=charts", "/records/values/dx", "/codes/icd10/L40", "/dictionary/DIAG_01", "/records/"+in.one(in.ids[:50]...))
		case 2:
			address = in.one("/records/", "/patients/", "/codes/icd10/", "/dictionary/", "/records/charts/", "/records/values/", "/tables/", "/quality/loads/", "/") + typed + in.one("", ".csv", ".json")
		}
		r := httptest.NewRequest(http.MethodGet, address, nil)
		if in.IntN(6) == 0 {
			form := url.Values{"q": {typed}, "if": {typed}, "name": {typed}, "password": {typed}, "next": {"/" + typed}, "return": {"/records?dx=" + typed}, "column": {in.one("SEX", typed)}, in.key(): {in.value()}}
			r = httptest.NewRequest(in.one(http.MethodPost, http.MethodPost, http.MethodPut), in.one("/sign-in", "/records/find", "/records/conditions", "/records/columns", "/"+typed), strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", in.one("same-origin", "same-origin", "cross-site"))
		}
		r.Header.Set("X-Part", in.one("", "", "app", "drawer", "list", "columns", "conditions", "fac-dx", typed))
		r.Header.Set("User-Agent", typed)
		r.Header.Set("Referer", "https://example.org/"+typed)
		s.paper.torn = in.IntN(20) == 0
		got := send(r, role)
		check(i, r, role, got)
		if to, err := url.Parse(got.Header().Get("Location")); err == nil && to.Path != "" {
			r = httptest.NewRequest(http.MethodGet, to.String(), nil)
			check(i, r, role, send(r, role))
		}
	}
	s.paper.torn = false
	text := log.String()
	for _, word := range []string{inARow, typed, strings.ToLower(typed)} {
		if at := strings.Index(text, word); at >= 0 {
			t.Errorf("the log holds a value: …%s…", text[max(0, at-300):min(len(text), at+100)])
		}
	}
	for _, e := range s.since(0) {
		if body, err := audit.Encode(e); err != nil || strings.Contains(string(body), inARow) {
			t.Errorf("the access record holds a value: %s, %v", body, err)
		}
	}
	t.Logf("answers by status %v, %d with rows", kinds, shown)
	for _, want := range []string{`"panic: a value of type []string"`, `"panic: a value of type string"`, "index out of range", "a block is damaged"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %s, so this tests little", want)
		}
	}
	if kinds[http.StatusOK] < 200 || kinds[http.StatusInternalServerError] < 20 || kinds[http.StatusServiceUnavailable] == 0 || shown < 40 || strings.Count(text, "\n") < 1500 {
		t.Errorf("status %v, %d with rows, %d lines of log: this tests little", kinds, shown, strings.Count(text, "\n"))
	}
}
