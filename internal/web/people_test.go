package web_test

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// Four people: one whose two episodes of one stay disagree on sex; one with an
// emergency, a day case and a death, partly not under dermatology; one at another
// hospital; one whose only episode has no date.
func fourPeople() []driver.Record {
	rec := func(key, who, day string, more ...string) driver.Record {
		r := driver.Record{"EPIKEY": key, hes.PersonField: "SYNTH" + who, "ADMIDATE": day, "EPISTART": day, "EPIEND": day, "FYEAR": "0910", "EPISTAT": "3", "DUPLICATE": "0", "SUBSET_1": "N1", "PROCODE3": "RAL", "MAINSPEF": "330", "TRETSPEF": "330",
			"CLASSPAT": "1", "ADMIMETH": "12", "SEX": "2", "STARTAGE": "40", "DIAG_01": "L400", "CONDITION_GROUP": "psoriasis", "PROVIDER_SPELL": key, "STAY_NHSD": key, "DISDATE": day, "DISMETH": "1", "BED_DAYS": "0", "ETHNOS": "A", "EPIORDER": "1"}
		for i := 0; i < len(more); i += 2 {
			r[more[i]] = more[i+1]
			if more[i+1] == "" {
				delete(r, more[i])
			}
		}
		return r
	}
	return []driver.Record{
		rec("11", "1", "2009-05-01", "EPIEND", "2009-05-03", "BED_DAYS", "2", "SEX", "1", "DISMETH", "8", "DISDATE", ""),
		rec("12", "1", "2009-05-01", "EPISTART", "2009-05-03", "EPIEND", "2009-05-06", "DISDATE", "2009-05-06", "BED_DAYS", "3", "EPIORDER", "2", "PROVIDER_SPELL", "11", "STAY_NHSD", "11", "DIAG_01", "C443", "CONDITION_GROUP", "nmsc"),
		rec("21", "2", "2009-06-01", "CLASSPAT", "2", "STARTAGE", "70"),
		rec("22", "2", "2009-07-01", "ADMIMETH", "21", "STARTAGE", "70", "EPIEND", "2009-07-04", "BED_DAYS", "3", "DISDATE", "2009-07-04", "DIAG_01", "A46", "CONDITION_GROUP", "bacterial"),
		rec("23", "2", "2010-01-02", "DISMETH", "4", "STARTAGE", "71", "SUBSET_1", "N2", "MAINSPEF", "160", "TRETSPEF", "160", "PROCODE3", "RTH"),
		rec("31", "3", "2009-08-01", "PROCODE3", "RTH"),
		rec("41", "4", "", "SEX", "", "STARTAGE", "", "DIAG_01", "", "CONDITION_GROUP", "", "DISDATE", "", "EPIEND", ""),
	}
}

func people(t *testing.T, change ...func(*source)) *site {
	t.Helper()
	return open(t, &web.Assets{}, append([]func(*source){func(r *source) {
		e := memory.New(r.dict, drivertest.Columns(t, r.dict, append(held(), "EPIORDER", "ETHNOS", "DISDATE", "DISMETH", "BED_DAYS")), fourPeople())
		r.engine, r.facts.Columns = e, e.Info().Columns
	}}, change...)...)
}

var (
	lineOf = regexp.MustCompile(`(?s)<tr>(.*?)</tr>`)
	cellOf = regexp.MustCompile(`(?s)<td class="[^"]*" data-l="([^"]*)">(.*?)</td>`)
	linkOf = regexp.MustCompile(`href="([^"]*)"`)
)

// table reads the lines of the page's table, in the explorer that of the results: what each cell says, and where it
// leads.
func table(body string) (lines []map[string]string, links []map[string]string) {
	if _, results, ok := strings.Cut(body, `class="res"`); ok {
		body = results
	}
	_, body, _ = strings.Cut(body, "<tbody>")
	for _, line := range lineOf.FindAllStringSubmatch(body, -1) {
		says, leads := map[string]string{}, map[string]string{}
		for _, cell := range cellOf.FindAllStringSubmatch(line[1], -1) {
			says[cell[1]] = html.UnescapeString(plain(cell[2]))
			if m := linkOf.FindStringSubmatch(cell[2]); m != nil {
				leads[cell[1]] = html.UnescapeString(m[1])
			}
		}
		lines, links = append(lines, says), append(links, leads)
	}
	return lines, links
}

func column(lines []map[string]string, label string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l[label])
	}
	return out
}

// One line for each patient, summed up over the matching episodes; everything
// leads to the episodes behind it.
func TestPatients(t *testing.T) {
	s := people(t)
	status, body, canonical := s.get(policy.Researcher, "/records?view=patients&more=1")
	if status != http.StatusOK || canonical != "/records?more=1&view=patients" {
		t.Fatalf("status %d at %s", status, canonical)
	}
	lines, links := table(body)
	for label, want := range map[string][]string{
		"Age": {"40", "70", "40", "Not recorded"}, "Sex": {"Female", "Female", "Female differs", "Not recorded"}, "Episodes": {"1", "2", "2", "1"}, "Spells": {"1", "2", "1", "1"}, "Day cases": {"0", "1", "0", "0"},
		"Emergencies": {"0", "1", "0", "0"}, "First": {"1 Aug 2009", "1 Jun 2009", "1 May 2009", "Not recorded"}, "Last": {"1 Aug 2009", "1 Jul 2009", "1 May 2009", "Not recorded"}, "Bed days": {"0", "3", "5", "0"},
		"Last discharge": {"1 Aug 2009", "4 Jul 2009", "6 May 2009", "Not recorded"}, "Diagnoses": {"1", "2", "2", "0"}, "Died in hospital": {"No", "No", "No", "No"},
		"Condition groups": {"Psoriasis", "Psoriasis Cellulitis and other bacterial infection", "Psoriasis Non-melanoma skin cancer", "Not recorded"}, "Ethnic group": {"White: British", "White: British", "White: British", "White: British"},
	} {
		if diff := cmp.Diff(want, column(lines, label)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", label, diff)
		}
	}
	if !strings.Contains(lines[2]["Latest main diagnosis"], "C44.3") || !strings.Contains(lines[2]["First main diagnosis"], "L40.0") {
		t.Errorf("diagnoses of the third: %v", lines[2])
	}
	// Each link leads to what the cell says.
	followed := 0
	for i, cells := range links {
		for label, to := range cells {
			followed++
			status, body, at := s.get(policy.Researcher, to)
			if status != http.StatusOK || at != to {
				t.Errorf("line %d, %s: status %d at %s, from %s", i, label, status, at, to)
				continue
			}
			shown, _ := table(body)
			want := map[string]int{"Episodes": map[int]int{0: 1, 1: 2, 2: 2, 3: 1}[i], "Day cases": 1, "Emergencies": 1}[label]
			if want > 0 && len(shown) != want {
				t.Errorf("line %d, %s leads to %d episodes, not %d", i, label, len(shown), want)
			}
			if strings.Contains(to, "SYNTH") {
				t.Errorf("the person key is in %s", to)
			}
		}
	}
	if followed < 40 {
		t.Errorf("only %d links", followed)
	}
	if !strings.Contains(links[1]["Day cases"], "cls=2") || !strings.Contains(links[1]["Day cases"], "list=more%3D1%26view%3Dpatients") {
		t.Errorf("day cases lead to %s", links[1]["Day cases"])
	}
	// With everything: the death counts, and the episode elsewhere.
	_, body, _ = s.get(policy.Researcher, "/records?rule=any&view=patients&more=1&sort=-EPISODES")
	lines, _ = table(body)
	if diff := cmp.Diff([]string{"3", "2", "1", "1"}, column(lines, "Episodes")); diff != "" {
		t.Errorf("sorted by episodes (-want +got):\n%s", diff)
	}
	if lines[0]["Died in hospital"] != "Yes" || lines[0]["Age"] != "70–71" {
		t.Errorf("with everything: %v", lines[0])
	}
	// Few columns to begin with.
	_, body, _ = s.get(policy.Researcher, "/records?view=patients")
	if strings.Contains(body, ">Emergencies<") || !strings.Contains(body, `href="/records?more=1&amp;view=patients"`) {
		t.Error("it begins with all columns, or there is no way to them")
	}
}

// Filters narrow what is summed up; the rest of a life is grey.
func TestPatientsAreSummedUpOverTheFilters(t *testing.T) {
	s := people(t)
	_, body, _ := s.get(policy.Researcher, "/records?view=patients&dx=C44&more=1")
	lines, links := table(body)
	if len(lines) != 1 || lines[0]["Episodes"] != "1" || lines[0]["Bed days"] != "3" || lines[0]["Sex"] != "Female" {
		t.Fatalf("%v", lines)
	}
	if !strings.Contains(body, `class="k-c" d=`) || !strings.Contains(body, `class="k-x" d=`) {
		t.Error("the life strip does not show one inside and one outside the filters")
	}
	status, body, _ := s.get(policy.Researcher, links[0]["Patient"])
	if status != http.StatusOK {
		t.Fatal(status)
	}
	contains(t, body, "1 of 2", "Primary diagnosis is C44", "Show all of this patient’s episodes", "Outside your filters")
	if n := strings.Count(body, `class="k-x" href="/records/`); n != 1 {
		t.Errorf("%d grey bars", n)
	}
	if shown, _ := table(body); len(shown) != 1 {
		t.Errorf("%d episodes listed", len(shown))
	}
	all := html.UnescapeString(linkOf.FindStringSubmatch(body[strings.Index(body, `class="lnk"`):])[1])
	_, body, at := s.get(policy.Researcher, all)
	if shown, _ := table(body); len(shown) != 2 || at != all {
		t.Errorf("without filters %d episodes are listed at %s", len(shown), at)
	}
	if !strings.Contains(body, `<a href="/records?dx=C44&amp;more=1&amp;view=patients">Back to patients</a>`) {
		t.Error("the way back has lost the list")
	}
	// Nothing matches.
	_, body, _ = s.get(policy.Researcher, strings.Replace(links[0]["Patient"], "dx=C44", "dx=L20", 1))
	contains(t, body, "None of this patient’s 2 episodes meets these filters.")
}

func TestPatientPage(t *testing.T) {
	s := people(t)
	_, body, _ := s.get(policy.Researcher, "/records?rule=any&view=patients")
	_, links := table(body)
	at := links[0]["Patient"] // the second person, whose last admission is the latest
	status, body, _ := s.get(policy.Researcher, at)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	contains(t, body, "Died in hospital", "1 Jun 2009 – 2 Jan 2010", "70 to 71", "By provider", "Cellulitis and other bacterial infection", "Psoriasis")
	if n := strings.Count(body, `class="lanes__y"`); n != 1 || strings.Count(body, `tabindex="-1"><title>`) != 3 {
		t.Errorf("%d axes, %d bars", n, strings.Count(body, `tabindex="-1"><title>`))
	}
	if !strings.Contains(body, `<title>1 Jul 2009 to 4 Jul 2009, A46 `) {
		t.Error("a bar does not tell when and what")
	}
	shown, rows := table(body)
	if diff := cmp.Diff([]string{"2 Jan 2010", "1 Jul 2009", "1 Jun 2009"}, trimmed(column(shown, "Admitted"))); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	if status, _, _ := s.get(policy.Researcher, rows[0]["Admitted"]); status != http.StatusOK {
		t.Errorf("a record: status %d", status)
	}
	status, body, _ = s.get(policy.Researcher, at+"&lanes=provider")
	if n := strings.Count(body, "<li><p>"); status != http.StatusOK || n != 2 {
		t.Errorf("status %d, %d lanes by provider", status, n)
	}
	for name, c := range map[string]struct{ add, want string }{
		"junk":           {"&utm=1", at},
		"unreadable":     {"&list=%25zz", at},
		"another-site":   {"&list=" + url.QueryEscape("https://example.org/"), at + "&list="},
		"a-filter-wrong": {"&list=" + url.QueryEscape("adm=yesterday"), at},
	} {
		if status, _, canonical := s.get(policy.Researcher, at+c.add); status != http.StatusOK || canonical != c.want {
			t.Errorf("%s: status %d at %s, want %s", name, status, canonical, c.want)
		}
	}
	if status, _, _ := s.get(policy.Researcher, strings.Replace(at, "rule=any", "adm=yesterday", 1)); status != http.StatusBadRequest {
		t.Errorf("a wrong filter: status %d", status)
	}
	// An id of somebody else is like a guess.
	path, _, _ := strings.Cut(at, "?")
	foreign, theirs, _ := s.get(policy.Clinician, path)
	guess, guessed, _ := s.get(policy.Clinician, "/patients/AAAAAAAAAAAAAAAAAAAAAA")
	without := func(body string) string { return regexp.MustCompile(`quote \w+`).ReplaceAllString(plain(body), "") }
	if foreign != http.StatusNotFound || guess != http.StatusNotFound || without(theirs) != without(guessed) {
		t.Errorf("another's patient: status %d; a guess: status %d", foreign, guess)
	}
	for _, role := range []policy.Role{policy.Planner, policy.DataManager, policy.Governance, policy.Auditor} {
		if status, _, _ := s.get(role, path); status != http.StatusForbidden {
			t.Errorf("%s: status %d", role, status)
		}
	}
}

func trimmed(in []string) []string {
	for i := range in {
		in[i] = strings.TrimSuffix(in[i], ", open the episode")
	}
	return in
}

// A clinician sees a line and a life of the team's own patients, of these only
// the team's episodes, and no spells.
func TestPatientsOfATeam(t *testing.T) {
	s := people(t)
	status, body, _ := s.get(policy.Clinician, "/records?view=patients&rule=any&more=1")
	lines, links := table(body)
	if diff := cmp.Diff([]string{"2", "2", "1"}, column(lines, "Episodes")); status != http.StatusOK || diff != "" {
		t.Fatalf("status %d, episodes (-want +got):\n%s", status, diff)
	}
	if lines[0]["Died in hospital"] != "No" {
		t.Error("a death elsewhere is told")
	}
	_, body, _ = s.get(policy.Clinician, links[0]["Patient"])
	shown, _ := table(body)
	if len(shown) != 2 || strings.Contains(body, "RTH") || strings.Contains(body, "2 Jan 2010") || strings.Contains(body, "Died in hospital") {
		t.Errorf("%d episodes, or something from elsewhere", len(shown))
	}
	if !strings.Contains(body, `href="/records?rule=any&amp;more=1&amp;view=patients">Back to patients`) {
		t.Error("no way back to the patients")
	}
	if strings.Contains(body, ">Spells</a>") {
		t.Error("a tab of spells")
	}
	for role, want := range map[policy.Role]int{policy.Planner: http.StatusForbidden, policy.DataManager: http.StatusForbidden, policy.Researcher: http.StatusOK} {
		if status, _, _ := s.get(role, "/records?view=spells"); status != want {
			t.Errorf("spells of %s: status %d", role, status)
		}
	}
	for _, link := range []string{"/records", "/records?sort=-STARTAGE", "/records?view=spells"} { // a colleague's
		if status, body, _ := s.get(policy.Clinician, link); status != http.StatusOK || strings.Contains(body, "data-row") || !strings.Contains(body, `data-unit="patients"`) {
			t.Errorf("%s of a clinician: status %d, or not the patients", link, status)
		}
	}
}

// One line for each spell: admission of the first episode, discharge of the last,
// matching of all episodes.
func TestSpells(t *testing.T) {
	s := people(t)
	_, body, _ := s.get(policy.Researcher, "/records?view=spells&rule=any&dx=C44")
	lines, links := table(body)
	if len(lines) != 1 || !strings.HasPrefix(lines[0]["Admitted"], "1 May 2009") || lines[0]["Discharged"] != "6 May 2009" || lines[0]["Bed days"] != "5" || lines[0]["Sex"] != "Male" || !strings.HasPrefix(lines[0]["Primary diagnosis"], "L40.0") || lines[0]["Episodes"] != "1 of 2" {
		t.Fatalf("%v", lines)
	}
	status, body, at := s.get(policy.Researcher, links[0]["Admitted"])
	if status != http.StatusOK || at != links[0]["Admitted"] {
		t.Fatalf("status %d at %s", status, at)
	}
	contains(t, body, "One stay only", "Back to spells")
	if shown, _ := table(body); len(shown) != 2 {
		t.Errorf("%d episodes of the stay", len(shown))
	}
	if _, body, _ = s.get(policy.Researcher, "/records?view=spells&rule=any"); !strings.Contains(body, "<strong>6</strong> spells") {
		t.Error("the headline does not count spells")
	}
	s = people(t, func(r *source) {
		r.facts.Columns = slices.DeleteFunc(slices.Clone(r.facts.Columns), func(f string) bool { return f == hes.SpellField })
	})
	status, body, _ = s.get(policy.Researcher, "/records?view=spells")
	if status != http.StatusBadRequest || !strings.Contains(body, "made before stays were put together") {
		t.Errorf("without spells: status %d", status)
	}
	if _, body, _ = s.get(policy.Researcher, "/records"); strings.Contains(body, ">Spells</a>") {
		t.Error("a tab of what the release does not hold")
	}
}

// An access that covers no dates: days since the first admission stand in their
// place, on every page.
func TestDaysWhereDatesAreNotCovered(t *testing.T) {
	s := people(t, func(r *source) {
		for i, f := range r.dict.Fields() {
			if f.Type == hes.Date || f.Name == "SEX" {
				r.dict.Fields()[i].Class = hes.Quasi
			}
		}
	})
	status, body, _ := s.get(policy.Researcher, "/records?rule=any&view=patients&more=1")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, plain(body))
	}
	lines, links := table(body)
	if lines[0]["First"] != "Day 0" || lines[0]["Last"] != "Day 215" || lines[0]["Episodes"] != "3" {
		t.Errorf("%v", lines[0])
	}
	if _, ok := lines[0]["Sex"]; ok {
		t.Error("a column that the agreement does not cover")
	}
	_, page, _ := s.get(policy.Researcher, links[0]["Patient"])
	contains(t, page, "Day 0 – Day 215", "day 0: your agreement covers no dates")
	shown, _ := table(page)
	if diff := cmp.Diff([]string{"Day 215", "Day 30", "Day 0"}, trimmed(column(shown, "Admitted"))); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	for _, b := range []string{body, page} {
		if regexp.MustCompile(`\b(May|Jun|Jul|Aug|Jan) 20(09|10)\b|20(09|10)-\d\d-\d\d`).MatchString(plain(b)) || strings.Contains(b, "<title>1 J") {
			t.Error("a date came out")
		}
	}
}

// A key with more episodes than anybody has is not summed up, and says so.
func TestAKeyThatIsNoPersons(t *testing.T) {
	s := people(t, func(r *source) {
		one := fourPeople()[2]
		var records []driver.Record
		for i := range warehouse.MaxSummed + 1 {
			rec := maps.Clone(one)
			rec["EPIKEY"] = strconv.Itoa(i)
			records = append(records, rec)
		}
		r.engine = memory.New(r.dict, drivertest.Columns(t, r.dict, held()), records)
	})
	_, body, _ := s.get(policy.Researcher, "/records?view=patients")
	lines, links := table(body)
	if len(lines) != 1 || lines[0]["Episodes"] != "1,001 too many to sum up" || lines[0]["Age"] != "–" {
		t.Fatalf("%v", lines)
	}
	_, body, _ = s.get(policy.Researcher, links[0]["Patient"])
	contains(t, body, "1,001", "The newest 200 of 1,001 are listed.", "The newest 200 episodes are drawn.")
}

// From a list of patients one goes on to the next without going back: along the
// page of the list, in its order and with its filters, whatever has been narrowed
// on the way.
func TestNextPatient(t *testing.T) {
	s := open(t, &web.Assets{}, func(s *source) {
		var rows []driver.Record
		for i := range 120 {
			r := maps.Clone(episodes()[20+i%30])
			r["EPIKEY"], r[hes.PersonField] = fmt.Sprint(9000+i), fmt.Sprintf("SYNTH%027d", i)
			rows = append(rows, r)
		}
		s.engine = memory.New(s.dict, drivertest.Columns(t, s.dict, held()), rows)
	})
	beside := func(body, which string) string {
		_, rest, ok := strings.Cut(body, "data-"+which+`-record href="`)
		if !ok {
			return ""
		}
		link, _, _ := strings.Cut(rest, `"`)
		return html.UnescapeString(link)
	}
	for _, role := range []policy.Role{policy.Researcher, policy.Clinician} {
		_, body, _ := s.get(role, "/records?sex=2&view=patients")
		_, list, _ := strings.Cut(body, `data-next`)
		second := html.UnescapeString(linkOf.FindStringSubmatch(list)[1])
		for _, address := range []string{"/records?sex=2&view=patients", second} {
			_, body, _ = s.get(role, address)
			_, links := table(body)
			if len(links) < 10 {
				t.Fatalf("%s: %d patients at %s", role, len(links), address)
			}
			at := links[0]["Patient"]
			for i := range links {
				if at != links[i]["Patient"] {
					t.Fatalf("%s: after %d patients of %s comes %s", role, i, address, at)
				}
				status, page, canonical := s.get(role, at)
				if status != http.StatusOK || canonical != at || strings.Contains(at, "SYNTH") {
					t.Fatalf("%s: %d at %s", role, status, canonical)
				}
				if back := beside(page, "previous"); (i == 0) != (back == "") || i > 0 && back != links[i-1]["Patient"] {
					t.Errorf("%s: before patient %d comes %s", role, i, back)
				}
				at = beside(page, "next")
			}
			if at != "" {
				t.Errorf("%s: after the last of the page comes %s", role, at)
			}
			// narrowed and by provider: on to the next of the list, by provider
			here, next := links[2]["Patient"], links[3]["Patient"]
			id, _, _ := strings.Cut(here, "?")
			narrowed := id + "?age=20&sex=2&view=patients&lanes=provider&list=" + url.QueryEscape(strings.TrimPrefix(address, "/records?"))
			_, page, _ := s.get(role, narrowed)
			want, _, _ := strings.Cut(next, "?")
			if got := beside(page, "next"); !strings.HasPrefix(got, want+"?sex=2&view=patients&lanes=provider") {
				t.Errorf("%s: from a narrowed page on to %s", role, got)
			}
		}
	}
	// from a list of episodes there is no next patient
	_, body, _ := s.get(policy.Researcher, "/records?sex=2")
	_, list, _ := strings.Cut(body, `class="pid"`)
	_, page, at := s.get(policy.Researcher, html.UnescapeString(linkOf.FindStringSubmatch(list)[1]))
	if !strings.HasPrefix(at, "/patients/") || beside(page, "next") != "" || beside(page, "previous") != "" {
		t.Error("a list of episodes has patients beside")
	}
}
