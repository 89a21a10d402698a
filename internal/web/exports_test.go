package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"webenablehes/internal/audit"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

const tableTwo = "For table 2 of the paper on psoriasis."

// asked asks for a file as somebody and returns its address.
func (s *site) asked(role policy.Role, list, format string) string {
	s.t.Helper()
	got := s.post(role, "/exports/new", url.Values{"list": {list}, "format": {format}, "reason": {tableTwo}, "agree": {"yes"}})
	if got.Code != http.StatusSeeOther {
		s.t.Fatalf("asking gave %d: %s", got.Code, parse(s.t, got.Body.String()).first(byTag("main")).text())
	}
	return got.Header().Get("Location")
}

// letOut makes what was asked for and has a lead let it out.
func (s *site) letOut(address string) {
	s.t.Helper()
	s.site.Tend(s.t.Context())
	if got := s.post(policy.Governance, "/oversight"+address, url.Values{"do": {"approve"}}); got.Code != http.StatusSeeOther {
		s.t.Fatalf("letting out gave %d: %s", got.Code, parse(s.t, got.Body.String()).first(byTag("main")).text())
	}
}

// fetched fetches a file and what is said of it.
func (s *site) fetched(role policy.Role, address, format string) (file []byte, side map[string]string) {
	s.t.Helper()
	name := "hes-export-" + address[strings.LastIndexByte(address, '/')+1:]
	got := s.visit(role, address+"/"+name+"."+format)
	if got.Code != http.StatusOK || got.Header().Get("Content-Disposition") != `attachment; filename="`+name+"."+format+`"` {
		s.t.Fatalf("fetching gave %d, %v", got.Code, got.Header())
	}
	said := s.visit(role, address+"/"+name+"-about.txt")
	side = map[string]string{}
	for line := range strings.Lines(said.Body.String()) {
		term, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		side[term] = text
	}
	return got.Body.Bytes(), side
}

func TestExport(t *testing.T) {
	s := open(t, &web.Assets{})
	const who = policy.Researcher
	n := len(s.since(0))
	address := s.asked(who, "sex=1", "csv")
	if _, body, _ := s.get(who, address); !strings.Contains(body, "being made") {
		t.Error("it does not say that it is being made")
	}
	s.site.Tend(t.Context())
	if _, body, _ := s.get(who, address); !strings.Contains(body, "waits for a decision") {
		t.Error("it does not say that it waits")
	}
	_, body, _ := s.get(policy.Governance, "/oversight/exports")
	contains(t, body, "Waiting for a decision")
	if !strings.Contains(body, "/oversight"+address) {
		t.Error("the list has no link to it")
	}
	_, body, _ = s.get(policy.Governance, "/oversight"+address)
	contains(t, body, tableTwo, "Let the file out", "Sex")
	s.letOut(address)
	file, side := s.fetched(who, address, "csv")
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil || len(rows) < 3 {
		t.Fatal(len(rows), err)
	}
	sum := sha256.Sum256(file)
	for term, want := range map[string]string{"SHA-256 of the file": hex.EncodeToString(sum[:]), "Lines": strconv.Itoa(len(rows) - 1), "For": tableTwo, "Release": now, "Agreement": "DSA-1 Study", "What": "Episodes: Sex is Male; and "} {
		if !strings.HasPrefix(side[term], want) {
			t.Errorf("%s: %q, want %q", term, side[term], want)
		}
	}
	var kinds []string
	shown := 0
	for _, e := range s.since(n) {
		if strings.HasPrefix(e.Kind, "export") {
			kinds = append(kinds, e.Kind+" "+e.Outcome)
			if e.Kind == "export" && e.Outcome == "shown" {
				shown += e.Rows
				if e.Persons.Len() == 0 || e.Actor != "researcher" {
					t.Errorf("the event of the lines is %+v", e)
				}
			}
		}
	}
	want := []string{"export-asked begun", "export-asked done", "export begun", "export shown", "export done", "export-made begun", "export-made done",
		"export-approved begun", "export-approved done", "export-fetched shown", "export-fetched shown"}
	if !slices.Equal(kinds, want) || shown != len(rows)-1 {
		t.Errorf("%d lines in events: %v", shown, kinds)
	}
	s.post(who, address, url.Values{"do": {"withdraw"}})
	if left, _ := os.ReadDir(s.files); len(left) != 0 {
		t.Errorf("%d files are left after it was withdrawn", len(left))
	}
}

// Nothing of a file is there for anybody but who asked for it, nor before it was
// let out, nor after its time.
func TestNobodyFetchesAFileThatIsNotTheirs(t *testing.T) {
	s := open(t, &web.Assets{})
	const who = policy.Researcher
	s.join("ana", policy.Researcher, "DSA-1")
	address := s.asked(who, "sex=1", "csv")
	file := address + "/hes-export-1.csv"
	closed := func(when string, people ...policy.Role) {
		t.Helper()
		for _, role := range people {
			for _, at := range []string{file, address + "/hes-export-1-about.txt", address + "/1", address + "/..%2fregistry.db", "/exports/1/data.csv"} {
				if got := s.visit(role, at); got.Code == http.StatusOK || strings.Contains(got.Header().Get("Content-Disposition"), "attachment") || bytes.Contains(got.Body.Bytes(), []byte("SYNTH")) {
					t.Errorf("%s: %s gets %d at %s", when, role, got.Code, at)
				}
			}
		}
	}
	everybody := append(policy.Roles(), "ana", "")
	others := slices.DeleteFunc(slices.Clone(everybody), func(r policy.Role) bool { return r == who })
	closed("asked", everybody...)
	s.site.Tend(t.Context())
	closed("made", everybody...)
	for _, role := range others { // nobody but a lead lets out, and who asked does not
		if role == policy.Governance {
			continue
		}
		if got := s.post(role, "/oversight"+address, url.Values{"do": {"approve"}}); got.Code == http.StatusSeeOther && got.Header().Get("Location") == "/oversight/exports" {
			t.Errorf("%s let it out", role)
		}
	}
	if got := s.post(who, "/oversight"+address, url.Values{"do": {"approve"}}); got.Code != http.StatusForbidden {
		t.Errorf("who asked for it lets it out: %d", got.Code)
	}
	closed("not let out", everybody...)
	s.letOut(address)
	closed("let out", others...)
	s.fetched(who, address, "csv")
	// another reason takes the decision back
	s.post(who, address, url.Values{"do": {"amend"}, "reason": {"For another table of another paper."}})
	closed("amended", everybody...)
	s.letOut(address)
	s.fetched(who, address, "csv")
	s.now = s.now.Add(7*24*time.Hour - time.Second)
	s.again(who)
	s.fetched(who, address, "csv")
	s.now = s.now.Add(time.Second)
	for _, role := range everybody[:len(everybody)-1] {
		s.again(role)
	}
	closed("expired", everybody...)
	s.site.Tend(t.Context())
	if left, _ := os.ReadDir(s.files); len(left) != 0 {
		t.Errorf("%d files are left after the time", len(left))
	}
}

// A lead who was a researcher before decides on nothing that they asked for.
func TestNobodyDecidesOnTheirOwnFile(t *testing.T) {
	s := open(t, &web.Assets{})
	u, err := s.store.UserByName(t.Context(), "ig-lead")
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.store.AddExport(t.Context(), registry.Export{UserID: u.ID, Agreement: "DSA-1", Format: "csv", State: registry.ExportWaiting, Asked: s.now, Made: s.now})
	if err != nil {
		t.Fatal(err)
	}
	got := s.post(policy.Governance, fmt.Sprintf("/oversight/exports/%d", id), url.Values{"do": {"approve"}})
	contains(t, got.Body.String(), "Nobody decides on a file that they asked for")
}

// The access ends while the file is made, waits or can be fetched: nothing is left
// of it.
func TestAFileEndsWithTheAccess(t *testing.T) {
	for name, end := range map[string]func(*site){
		"revoked": func(s *site) {
			if err := s.store.RevokeAgreement(s.t.Context(), "DSA-1", "a breach", s.now); err != nil {
				s.t.Fatal(err)
			}
		},
		"taken off": func(s *site) {
			u, _ := s.store.UserByName(s.t.Context(), "researcher")
			if err := s.store.RemoveMember(s.t.Context(), "DSA-1", u.ID); err != nil {
				s.t.Fatal(err)
			}
		},
		"closed": func(s *site) {
			u, _ := s.store.UserByName(s.t.Context(), "researcher")
			if err := s.store.SetDisabled(s.t.Context(), u.ID, true); err != nil {
				s.t.Fatal(err)
			}
		},
		"no files any more": func(s *site) {
			a, _ := s.store.Agreement(s.t.Context(), "DSA-1")
			was := a
			a.Exports = []string{"tables"}
			if err := s.store.AmendAgreement(s.t.Context(), was, a); err != nil {
				s.t.Fatal(err)
			}
		},
	} {
		for _, when := range []string{"while it is made", "while it waits", "when it can be fetched"} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := open(t, &web.Assets{})
				address := s.asked(policy.Researcher, "sex=1", "csv")
				switch when {
				case "while it is made":
					s.paper.before = func(e audit.Event) {
						if e.Kind == "export" && e.Outcome == "shown" {
							s.paper.before = nil
							end(s)
						}
					}
				case "while it waits":
					s.site.Tend(t.Context())
				default:
					s.letOut(address)
				}
				if when != "while it is made" {
					end(s)
				}
				got := s.visit(policy.Researcher, address+"/hes-export-1.csv")
				if got.Code == http.StatusOK {
					t.Error("it is handed out")
				}
				s.site.Tend(t.Context())
				s.site.Tend(t.Context())
				x, err := s.store.Export(t.Context(), 1)
				if err != nil || x.State != registry.ExportWithdrawn && x.State != registry.ExportFailed {
					t.Errorf("it is %s, %v", x.State, err)
				}
				if left, _ := filepath.Glob(filepath.Join(s.files, "*", "*")); len(left) != 0 {
					t.Errorf("left: %v", left)
				}
			})
		}
	}
}

// Files of random states hold what the pages of the state show.
func TestWhatISeeIsWhatIGet(t *testing.T) {
	n := 24
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		n = 200
	}
	r := makeRelease(t, 3000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
	})
	w := &walker{Rand: rand.New(rand.NewPCG(seed(t), 6)), r: r, columns: r.covered(), labelled: map[string]labelled{}}
	units := map[string]int{}
	for i := range n {
		st := w.state(policy.Researcher)
		if st.unit == "charts" {
			st.unit = "patients"
		}
		if st.unit == "patients" {
			st.sort = w.order("patients")
		}
		units[st.unit]++
		_, list, _ := strings.Cut(w.address(st), "?")
		_, body, canonical := s.get(policy.Researcher, "/records?"+list)
		doc := parse(t, body)
		format := []string{"csv", "xlsx", "parquet"}[i%3]
		address := s.asked(policy.Researcher, list, format)
		s.letOut(address)
		file, side := s.fetched(policy.Researcher, address, format)
		heads, rows := readFile(t, format, file)
		sum := sha256.Sum256(file)
		if total, _ := number(doc.first(byID("count")).first(byTag("strong")).text()); len(rows) != total || side["Lines"] != strconv.Itoa(total) || side["SHA-256 of the file"] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %d lines, %d on the page; the side file says %v", canonical, len(rows), total, side)
		}
		for page, at := 0, 0; page < 3 && at < len(rows); page++ {
			lines := doc.first(byClass("grid")).first(byTag("tbody")).all(byTag("tr"))
			for _, tr := range lines {
				sameLine(t, canonical, heads, rows[at], tr)
				at++
			}
			next := doc.first(byAttr("data-next", ""))
			if !next.ok() {
				break
			}
			_, body, _ = s.get(policy.Researcher, next.attr("href"))
			doc = parse(t, body)
		}
		if t.Failed() {
			t.Fatalf("at file %d, %s", i, format)
		}
		s.post(policy.Researcher, address, url.Values{"do": {"withdraw"}})
	}
	for _, u := range []string{"", "spells", "patients"} {
		if units[u] == 0 {
			t.Errorf("no file of %q", u)
		}
	}
}

// sameLine compares a line of a file with one of a page, cell by cell.
func sameLine(t *testing.T, where string, heads, row []string, tr node) {
	t.Helper()
	at := 0
	for _, td := range tr.all(byTag("td")) {
		label := td.attr("data-l")
		if td.class("lifeline") {
			continue
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		page := squeeze(td.text())
		if at >= len(heads) {
			t.Errorf("%s: no column for %q", where, label)
			return
		}
		var may []string
		switch {
		case heads[at] == label+" code" && at+1 < len(heads) && heads[at+1] == label:
			may = []string{row[at] + row[at+1], row[at+1]}
			at += 2
		case label == "Episodes" && at+1 < len(heads) && heads[at+1] == "Episodes of the stay":
			may = []string{row[at] + "of" + row[at+1]}
			if row[at] == row[at+1] {
				may = append(may, row[at])
			}
			at += 2
		case heads[at] == label:
			may = []string{row[at], strings.ReplaceAll(row[at], "; ", "")}
			if d, err := time.Parse(time.DateOnly, row[at]); err == nil {
				may = []string{d.Format("2 Jan 2006")}
			}
			at++
		default:
			t.Errorf("%s: column %q where the page has %q", where, heads[at], label)
			return
		}
		if more := td.first(byClass("and")); more.ok() { // how many more there are stands beside it
			page = strings.TrimSuffix(page, squeeze(more.text()))
		}
		empty := slices.Contains([]string{"–", "Notrecorded", "Nokey", ""}, page)
		ok := may[0] == "" && empty
		for _, m := range may {
			m = squeeze(m)
			ok = ok || m != "" && (m == page || m == strings.ReplaceAll(page, ",", ""))
		}
		if !ok {
			t.Errorf("%s: %q is %q on the page and one of %q in the file", where, label, td.text(), may)
		}
	}
	if at != len(heads) {
		t.Errorf("%s: columns %v are not on the page", where, heads[at:])
	}
}

// readFile reads a file back as somebody would.
func readFile(t *testing.T, format string, file []byte) (heads []string, rows [][]string) {
	t.Helper()
	switch format {
	case "csv":
		all, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return all[0], all[1:]
	case "xlsx":
		return readSheet(t, file)
	}
	r := parquet.NewReader(bytes.NewReader(file))
	defer r.Close()
	for _, f := range r.Schema().Fields() {
		heads = append(heads, f.Name())
	}
	for range r.NumRows() {
		var row parquet.Row
		buf := make([]parquet.Row, 1)
		if n, _ := r.ReadRows(buf); n != 1 {
			t.Fatal("a row is missing")
		}
		row = buf[0]
		line := make([]string, len(heads))
		for i, v := range row {
			if v.IsNull() {
				continue
			}
			if line[i] = v.String(); r.Schema().Fields()[i].Type().String() == "DATE" {
				line[i] = time.Unix(0, 0).UTC().AddDate(0, 0, int(v.Int32())).Format(time.DateOnly)
			}
		}
		rows = append(rows, line)
	}
	return heads, rows
}
