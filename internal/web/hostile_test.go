package web_test

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/web"
)

// intruder makes requests as somebody might who means harm or whose program is
// broken: keys and values that the pages know, put together at random, and what no
// page would send.
type intruder struct {
	*rand.Rand
	fields []string
	codes  []string
	ids    []string // of rows, patients, stays and pages, to be put where they do not belong
}

func newIntruder(s *site, seed uint64) *intruder {
	in := &intruder{Rand: rand.New(rand.NewPCG(seed, 7))}
	for _, f := range s.records.dict.Fields() {
		in.fields = append(in.fields, f.Name)
		if f.List() {
			in.fields = append(in.fields, f.SlotName(1), f.SlotName(f.Slots))
		}
	}
	for _, at := range []string{"/records", "/records?view=patients", "/records?view=spells"} {
		_, body, _ := s.get(policy.Researcher, at)
		for _, found := range idText.FindAllString(body, 60) {
			in.ids = append(in.ids, found[1:])
		}
	}
	in.ids = append(in.ids, strings.Repeat("A", 22), "..", "%2F", "é", " ", "a b", "%", "?x=1", "\r\nX-Evil: 1", "\x00", "conditions")
	return in
}

func (in *intruder) one(from ...string) string { return from[in.IntN(len(from))] }

// value is what somebody might put where a value belongs.
func (in *intruder) value() string {
	switch in.IntN(12) {
	case 0:
		return in.one(in.fields...)
	case 1:
		return in.one(in.ids...)
	case 2:
		return in.one("1", "2", "0", "3", "L40", "L400", "330", "RAL", "0910", "N1", "none", "any", "!1", "!none", "psoriasis", "White", "dx.L40", "+rgn", "-dx", "fac")
	case 3:
		return in.one("9223372036854775807", "-1", "1e9", "00", "0..", "..0", "5..3", "..", "1..2..3", "-5..-3", "99999999999", "2009-04", "2009-02-30", "0000-00-00", "9999-12-31", "2009-04..2009-02", "1/4/2009")
	case 4:
		return in.one("<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", "//evil.example", "\\\\evil.example", "https://evil.example/", "\r\nSet-Cookie: a=b", "' or 1=1--", "=1+1", "\x00", "\u202e", "é", "＝1", strings.Repeat("A", 300))
	case 5:
		return in.one("SEX is 1", "not (SEX is 1 or SEX is 2)", "DIAG_nn starts with L, C", "STARTAGE from 5 to 3", "((((((((SEX is 1))))))))", "not not not not not not SEX is 1", "anything", "nothing", "SEX is", `SEX is "`, "LSOA01 is 1", "HESID is 1", "ADMIDATE up to 2009-04-01", "EPIKEY is 1000", strings.Repeat("SEX is 1 or ", 250)+"SEX is 2")
	case 6:
		return in.one("episodes", "patients", "spells", "charts", "-EPISODES", "EPISODES", "-ADMIDATE", "SEX,-STARTAGE", "SEX,SEX", "w", "provider", "code", "primary", "main", "STARTAGE,SEX", "DIAG_01,DIAG_02", "SEX,FYEAR,AGE_BAND")
	case 7:
		return ""
	case 8:
		n := 1 + in.IntN(40)
		parts := make([]string, n)
		for i := range parts {
			parts[i] = in.one(in.fields...)
		}
		return strings.Join(parts, ",")
	case 9:
		return in.query(2) // an address in an address
	}
	return in.one("1", "2", "L40", "330", "0910", "SEX", "STARTAGE", "18..64")
}

func (in *intruder) key() string {
	var controls []string
	for _, c := range query.Controls() {
		controls = append(controls, c.Key)
	}
	switch in.IntN(10) {
	case 0, 1, 2:
		return in.one(controls...)
	case 3:
		return in.one("not.", "was.") + in.one(controls...)
	case 4:
		return in.one(controls...) + in.one("_from", "_to")
	}
	return in.one("if", "sort", "cols", "view", "by", "count", "of", "open", "after", "before", "spell", "list", "lanes", "den", "more", "dxpos", "oppos", "not", "find", "q", "order", "column", "move", "detail", "held", "next", "return", "node", "do", "text", "row")
}

func (in *intruder) query(most int) string {
	var parts []string
	for range in.IntN(most + 1) {
		if in.IntN(3) > 0 { // what a page would send
			parts = append(parts, in.one("sex=1", "sex=2", "dx=L40", "dx=none", "dx=!C44", "op=S06", "age=18..64", "age_from=20", "adm=2009-04..2009-09", "los=0", "prov=RAL", "rule=any", "fin=any", "dup=any", "dxpos=any",
				"oppos=any", "view=patients", "view=spells", "view=charts", "by=SEX", "by=DIAG_01,STARTAGE", "of=STARTAGE", "count=patients", "sort=-EPISODES", "sort=SEX,-STARTAGE", "cols=SEX,DIAG_01", "more=1", "den=w",
				"open=none", "open=dx,rgn,dx.L40", "open=%2Bprov", "if=SEX+is+1", "if=not+(DIAG_nn+starts+with+L)", "lanes=provider", "order=code", "find=skin", "q=psor", "q=L40+L41+S06", "detail=1", "after="+in.one(in.ids[:20]...), "spell="+in.one(in.ids[:20]...),
				"list=view%3Dpatients%26sex%3D1", "not=sex", "was.dx=L40"))
			continue
		}
		v := url.QueryEscape(in.value())
		if in.IntN(30) == 0 {
			v = in.one("%", "%zz", ";", "%00", "&&", "=") // no proper escape
		}
		parts = append(parts, in.key()+"="+v)
	}
	return strings.Join(parts, "&")
}

func (in *intruder) path() string {
	id := url.PathEscape(in.one(in.ids...))
	switch in.IntN(16) {
	case 0, 1, 2, 3, 4:
		return "/records"
	case 5:
		return "/records/" + id
	case 6, 7:
		return "/patients/" + id
	case 8:
		return "/records/charts/" + in.one("trend", "diagnosis", "region", "age-sex", "provider", "procedure", "condition", "region-year", "stay", "waiting", "breakdown", "distribution", id) + ".csv"
	case 9:
		return "/records/values/" + in.one("dx", "op", "prov", "sex", "eth", "rule", "dup", "adm", id)
	case 10:
		return "/records/conditions"
	case 11:
		return "/records/columns"
	case 12:
		return "/records/find"
	case 13:
		return "/codes/" + in.one("icd10", "opcs4", id) + in.one("", "/", "/L40", "/l400", "/II", "/C00-C97", "/S06", "/"+id)
	case 14:
		return "/dictionary/" + in.one(append(in.fields, id)...)
	}
	return in.one("/", "/codes", "/dictionary", "/tables/year-by-sex", "/quality", "/quality/loads/"+id, "/sign-in", "/account", "/healthz", "/static/"+id)
}

// Whatever is asked for, nothing breaks: no panic, no redirect without an end or to
// another site, no answer without its headers, no person key, no name of
// somebody else's making in a header, and nobody who sees no records has a list of
// them. WEBENABLE_TORTURE=1 asks 20,000 times of a release made as a site makes one.
func TestNothingBreaksWhateverIsAskedFor(t *testing.T) {
	asks, change := 1500, []func(*source){}
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		r := makeRelease(t, 2000)
		asks, change = 20_000, append(change, func(o *source) {
			o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
		})
	}
	s := open(t, &web.Assets{}, change...)
	in := newIntruder(s, 1)
	whom := []policy.Role{policy.Researcher, policy.Researcher, policy.Researcher, policy.Clinician, policy.Planner, policy.DataManager, policy.Governance, ""}
	kinds := map[int]int{}
	for i := range asks {
		who, part := whom[in.IntN(len(whom))], in.one("", "", "", "app", "drawer", "list", "columns", "conditions", "fac-dx", "fac-sex", "fac-adm", "fac-dup", "fac-", "fac-nothing", "all")
		address := in.path()
		if q := in.query(7); q != "" {
			address += "?" + q
		}
		var got *httptest.ResponseRecorder
		at := address
		for hops := 0; ; hops++ {
			got = s.visit(who, at, "X-Part", part)
			to := got.Header().Get("Location")
			if to == "" {
				break
			}
			if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
				t.Fatalf("%d: %s at %q is sent to %q", i, who, at, to)
			}
			if hops == 4 {
				t.Errorf("%d: %s at %q is sent on again and again, last to %q", i, who, address, to)
				break
			}
			if _, err := http.NewRequest(http.MethodGet, to, nil); err != nil {
				t.Errorf("%d: %s at %q is sent to %q, which is no address", i, who, at, to)
				break
			}
			if strings.ContainsAny(to, " \x00") {
				to = strings.NewReplacer(" ", "%20", "\x00", "%00").Replace(to) // as browsers do
			}
			at = to
		}
		kinds[got.Code]++
		body := got.Body.String()
		switch {
		case got.Code >= 500:
			t.Errorf("%d: %s, part %q, at %q: status %d: %s", i, who, part, address, got.Code, plain(body)[:min(400, len(plain(body)))])
		case got.Header().Get("Content-Security-Policy") == "" || got.Header().Get("Set-Cookie") != "" || got.Header().Get("X-Evil") != "":
			t.Errorf("%d: headers %v at %q", i, got.Header(), address)
		case !strings.HasPrefix(at, "/static/") && got.Header().Get("Cache-Control") != "no-store":
			t.Errorf("%d: Cache-Control is %q at %q", i, got.Header().Get("Cache-Control"), address)
		case strings.Contains(body, "SYNTH0"):
			t.Errorf("%d: a person key is shown to %s at %q", i, who, address)
		case strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") || strings.Contains(body, `href="javascript:`) || strings.Contains(body, `href="//evil`):
			t.Errorf("%d: what was asked for is markup at %q", i, address)
		case who != policy.Researcher && (strings.Contains(body, "data-row=")):
			t.Errorf("%d: %s has a list of episodes at %q", i, who, address)
		case got.Code == http.StatusOK && who != policy.Researcher && who != policy.Clinician && (strings.HasPrefix(at, "/patients/") || strings.HasPrefix(at, "/records") && part != "fac-dx" && part != "fac-sex" && part != "fac-adm" && part != "fac-dup"):
			t.Errorf("%d: %s is answered at %q", i, cmp.Or(who, "nobody"), at)
		}
	}
	t.Logf("answers by status: %v", kinds)
	if kinds[http.StatusOK] < asks/5 {
		t.Errorf("only %d of %d were answered", kinds[http.StatusOK], asks)
	}
}
