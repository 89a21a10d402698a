package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// numberBook is what local numbers mean in a release, told from every row in turn.
type numberBook struct {
	team   map[string]map[string]bool // own patients of each number: persons whom the team treated in the agreed years
	trust  map[string]map[string]bool // persons with a row under each number at the team's trust in these years
	beyond []string                   // numbers that others gave and the trust did not, or not to anybody of these years
	rows   map[string]int             // rows of each person at the trust in these years
}

func (r *realRelease) numberBook(years []string) numberBook {
	b := numberBook{team: map[string]map[string]bool{}, trust: map[string]map[string]bool{}, rows: map[string]int{}}
	put := func(in map[string]map[string]bool, number, person string) {
		if in[number] == nil {
			in[number] = map[string]bool{}
		}
		in[number][person] = true
	}
	elsewhere := map[string]bool{}
	for _, row := range r.rows {
		number, person := row[policy.NumberField], row[hes.PersonField]
		if number == "" || person == "" {
			continue
		}
		if row["PROCODE3"] != r.team || !slices.Contains(years, row["FYEAR"]) {
			elsewhere[number] = true
			continue
		}
		b.rows[person]++
		put(b.trust, number, person)
		if r.treated[person] {
			put(b.team, number, person)
		}
	}
	for number := range elsewhere {
		if b.trust[number] == nil {
			b.beyond = append(b.beyond, number)
		}
	}
	slices.Sort(b.beyond)
	return b
}

// Over a release as a site makes it, in the engine that it runs on: each number of
// the trust finds the team's patient and nobody of another team, and a number that
// another trust gave to one of the team's own patients finds nobody.
func TestNumbersOverARelease(t *testing.T) {
	r := makeRelease(t, 8000)
	for name, engine := range map[string]driver.Engine{"store": r.engine, "memory": r.oracle} {
		t.Run(name, func(t *testing.T) {
			s := open(t, &web.Assets{}, func(o *source) {
				o.engine, o.facts, o.team, o.agreement = engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
			})
			const cli = policy.Clinician
			book := r.numberBook(s.records.agreement.Years)
			find := func(number string) (int, string) {
				w := s.post(cli, "/patients/find", url.Values{"number": {number}})
				if strings.Contains(w.Body.String(), number) || strings.Contains(w.Header().Get("Location"), number) {
					t.Errorf("the number %s is in the answer", number)
				}
				return w.Code, w.Header().Get("Location")
			}
			found, others := map[string]string{}, 0
			var nobody string // what is answered where there is nobody
			for _, number := range slices.Sorted(maps.Keys(book.trust)) {
				code, at := find(number)
				if len(book.team[number]) == 0 {
					if others++; code != http.StatusNotFound {
						t.Errorf("a patient of another team: %d", code)
					}
					continue
				}
				if code != http.StatusSeeOther || found[at] != "" {
					t.Fatalf("an own patient: %d, found before %t", code, found[at] != "")
				}
				for person := range book.team[number] {
					found[at] = person
				}
			}
			if len(found) < 30 || others < 3 {
				t.Fatalf("%d own patients, %d others of the trust", len(found), others)
			}
			seen := 0
			for _, at := range slices.Sorted(maps.Keys(found)) {
				if seen++; seen > 40 {
					break
				}
				status, body, _ := s.get(cli, at)
				lines, _ := table(body)
				if want := book.rows[found[at]]; status != http.StatusOK || len(lines) != want {
					t.Errorf("a patient's page: %d with %d episodes, want %d", status, len(lines), want)
				}
			}
			if len(book.beyond) < 50 {
				t.Fatalf("%d numbers of other trusts", len(book.beyond))
			}
			for _, number := range append(book.beyond[:50:50], "SY", "SY99999999", "%", "S*", "<b>", "SY00000001|SY00000002", "\u202eSY00000001", "'; --") {
				w := s.post(cli, "/patients/find", url.Values{"number": {number}})
				if nobody == "" {
					nobody = w.Body.String()
				}
				if w.Code != http.StatusNotFound || w.Body.String() != nobody {
					t.Errorf("nobody's number %q is answered %d, or in other words", number, w.Code)
				}
			}
			own := slices.Sorted(maps.Keys(book.team))[0]
			_, want := find(own)
			for _, typed := range []string{" " + own + " ", own[:2] + " " + own[2:6] + " " + own[6:], strings.ToLower(own), "\t" + own + "\u00a0"} {
				if w := s.post(cli, "/patients/find", url.Values{"number": {typed}}); w.Header().Get("Location") != want {
					t.Errorf("%q: %d", typed, w.Code)
				}
			}
			for _, typed := range []string{"", "  ", strings.Repeat("1", 41)} {
				if w := s.post(cli, "/patients/find", url.Values{"number": {typed}}); w.Code != http.StatusBadRequest {
					t.Errorf("%q: %d", typed, w.Code)
				}
			}
			for _, role := range []policy.Role{policy.Researcher, policy.Planner, policy.DataManager, policy.Governance, policy.Auditor} {
				if w := s.post(role, "/patients/find", url.Values{"number": {own}}); w.Code != http.StatusForbidden {
					t.Errorf("%s: %d", role, w.Code)
				}
			}
		})
	}
}

// An exception over a real release opens a patient of another team at the own
// trust, with the episodes there and no others, and nobody of another trust.
func TestExceptionOverARelease(t *testing.T) {
	r := makeRelease(t, 8000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
	})
	const cli = policy.Clinician
	book := r.numberBook(s.records.agreement.Years)
	except := func(number string) (int, string) {
		w := s.post(cli, "/patients/find/exception", url.Values{"exception-number": {number}, "reason": {why}})
		return w.Code, w.Header().Get("Location")
	}
	if code, _ := except(book.beyond[0]); code != http.StatusNotFound {
		t.Errorf("a number of another trust: %d", code)
	}
	opened := 0
	for _, number := range slices.Sorted(maps.Keys(book.trust)) {
		if len(book.team[number]) > 0 {
			continue
		}
		if opened++; opened > 5 {
			break
		}
		code, at := except(number)
		if code != http.StatusSeeOther {
			t.Fatalf("a patient of another team: %d", code)
		}
		status, body, _ := s.get(cli, at)
		lines, _ := table(body)
		var person string
		for p := range book.trust[number] {
			person = p
		}
		if status != http.StatusOK || len(lines) != book.rows[person] || !strings.Contains(body, "Opened as an exception until") {
			t.Errorf("status %d, %d episodes, want %d", status, len(lines), book.rows[person])
		}
		if w := s.post(cli, "/patients/find", url.Values{"number": {number}}); w.Code != http.StatusNotFound {
			t.Errorf("found among the own patients while open: %d", w.Code)
		}
	}
	if opened == 0 {
		t.Fatal("the release has no patient of another team at the trust")
	}
}

// Of two clinical agreements a person is told which one allows exceptions.
func TestThePurposeSaysThatThereAreExceptions(t *testing.T) {
	s := open(t, &web.Assets{})
	without := s.records.clinic()
	without.Ref, without.Exceptions = "CLINIC-2", false
	if err := s.store.AddAgreement(t.Context(), without); err != nil {
		t.Fatal(err)
	}
	s.join("cleo", policy.Clinician, "CLINIC-2")
	const say = "One patient of another team may be opened for a reason"
	for name, want := range map[policy.Role]bool{policy.Clinician: true, "cleo": false} {
		if _, body, _ := s.get(name, "/purpose"); strings.Contains(plain(body), say) != want {
			t.Errorf("%s: want %t in %s", name, want, plain(body))
		}
	}
}

// Where the release holds no local numbers the pages say so, offer nothing that
// cannot work, and keep no exception that could find nobody.
func TestNoLocalNumbersInTheRelease(t *testing.T) {
	s := open(t, &web.Assets{}, func(o *source) {
		without := slices.DeleteFunc(held(), func(name string) bool { return name == policy.NumberField })
		o.engine = memory.New(o.dict, drivertest.Columns(t, o.dict, without), episodes())
		o.facts.Columns = o.engine.Info().Columns
	})
	const cli, say = policy.Clinician, "The data that are loaded hold no local patient numbers"
	if _, body, _ := s.get(cli, "/records?view=patients"); strings.Contains(body, "/patients/find") {
		t.Error("the list leads to finding by number")
	}
	status, body, _ := s.get(cli, "/patients/find")
	if status != http.StatusOK || !strings.Contains(plain(body), say) || strings.Contains(body, `name="number"`) || strings.Contains(body, `name="reason"`) {
		t.Errorf("the form: %d: %s", status, plain(body))
	}
	for at, form := range map[string]url.Values{"/patients/find": {"number": {"SY00000001"}}, "/patients/find/exception": {"exception-number": {"SY00000001"}, "reason": {why}}} {
		if w := s.post(cli, at, form); w.Code != http.StatusServiceUnavailable || !strings.Contains(plain(w.Body.String()), say) {
			t.Errorf("%s: %d: %s", at, w.Code, plain(w.Body.String()))
		}
	}
	if kept, err := s.store.Exceptions(t.Context()); err != nil || len(kept) > 0 {
		t.Errorf("%d exceptions are kept, %v", len(kept), err)
	}
}

// Whoever works on another basis, or sees no rows, sees nothing of the numbers that
// the release holds: neither the field on a page nor a number.
func TestNumbersAreForNobodyElse(t *testing.T) {
	r := makeRelease(t, 2000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, study(r.facts.Loaded, r.facts.Years...)
		o.agreement.Fields = []string{policy.NumberField} // listed in vain: the basis has no identifying fields
	})
	number := slices.Sorted(maps.Keys(r.numberBook(r.facts.Years).trust))[0]
	for _, role := range []policy.Role{policy.Researcher, policy.Planner, policy.DataManager, policy.Governance, policy.Auditor, policy.Clinician} {
		for _, at := range []string{"/records", "/records?view=patients", "/records?view=charts", "/records/columns", "/records/conditions", "/records/find?q=local+patient", "/tables", "/tables/condition-by-age"} {
			status, body, _ := s.get(role, at)
			if strings.Contains(body, policy.NumberField) || strings.Contains(body, "Local patient number") || strings.Contains(body, number) {
				t.Errorf("%s at %s (%d) tells of local numbers", role, at, status)
			}
		}
		for _, at := range []string{"/records?view=patients&if=LOPATID+is+" + number, "/records?cols=LOPATID,DOB", "/records?sort=LOPATID", "/records/values/LOPATID", "/records?view=charts&by=LOPATID", "/records.csv?cols=LOPATID"} {
			status, body, _ := s.get(role, at)
			if strings.Contains(body, "Local patient number") || strings.Contains(body, ">"+number) {
				t.Errorf("%s at %s tells of local numbers", role, at)
			}
			if _, list, found := strings.Cut(at, "/records?"); status == http.StatusOK && role == policy.Clinician && found && !strings.Contains(list, "view") {
				// the team's list has columns and orders of its own
				_, plain, _ := s.get(role, "/records?view=patients")
				if diff := cmp.Diff(idText.FindAllString(plain, -1), idText.FindAllString(body, -1)); diff != "" {
					t.Errorf("%s changes the list: %s", at, diff)
				}
			} else if status == http.StatusOK {
				t.Errorf("%s at %s: %d", role, at, status)
			}
		}
	}
}
