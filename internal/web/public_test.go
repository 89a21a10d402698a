package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/imprint"
	"webenablehes/internal/policy"
	"webenablehes/internal/web"
	"webenablehes/internal/web/view"
)

// publicPages are the addresses of the pages for everybody.
func publicPages() []string {
	out := []string{"/", "/contact/sent"}
	for _, l := range view.PublicPages() {
		out = append(out, l.URL)
	}
	return out
}

// The public pages take no signing in and no question of the engine, set no cookie,
// leave no trace of whoever reads them, and are the same whatever the numbers are.
func TestPublicPagesTellOfNobody(t *testing.T) {
	one := crawlSite(t, world())
	other := crawlSite(t, changed(world(), beyond(), ofTeam, elsewhere, otherYear)[:40])
	before := one.events()
	for _, address := range append(publicPages(), "/leaflet.pdf") {
		got, twin := one.take(nobody, way{address: address}), other.take(nobody, way{address: address})
		if got.Code != http.StatusOK || len(got.Result().Cookies()) > 0 {
			t.Errorf("%s: status %d, cookies %v", address, got.Code, got.Result().Cookies())
		}
		if got.Body.String() != twin.Body.String() {
			t.Errorf("%s differs by what the release holds: %s", address, cmp.Diff(plain(twin.Body.String()), plain(got.Body.String())))
		}
		if doc := parse(t, got.Body.String()); address != "/leaflet.pdf" && (len(doc.all(byTag("h1"))) != 1 || !doc.first(byTag("footer")).ok()) {
			t.Errorf("%s has no heading or no foot", address)
		}
	}
	if n := one.engine.asked.Load() + other.engine.asked.Load(); n != 0 || one.events() != before {
		t.Errorf("%d questions, %d events", n, one.events()-before)
	}
}

// Every page has the links to the public pages, and wherever they lead within the
// site there is a page, with the place on it that is named.
func TestEveryLinkIsAlive(t *testing.T) {
	s := open(t, &web.Assets{})
	outside := map[string]bool{}
	for _, l := range imprint.Links() {
		outside[l.URL] = true
	}
	ids := map[string]map[string]bool{}
	seen := func(address string) map[string]bool {
		if ids[address] == nil {
			got := s.take(nobody, way{address: address})
			if got.Code != http.StatusOK && (got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/sign-in")) {
				t.Errorf("%s: status %d", address, got.Code)
			}
			ids[address] = map[string]bool{}
			for _, n := range parse(t, got.Body.String()).all(byAttr("id", "")) {
				ids[address][n.attr("id")] = true
			}
		}
		return ids[address]
	}
	links := 0
	for _, address := range publicPages() {
		doc := parse(t, s.take(nobody, way{address: address}).Body.String())
		for _, l := range view.PublicPages() {
			if !doc.first(byTag("footer")).first(byAttr("href", l.URL)).ok() {
				t.Errorf("%s does not lead to %s at its foot", address, l.URL)
			}
		}
		for _, a := range doc.all(byTag("a")) {
			href := a.attr("href")
			switch {
			case strings.HasPrefix(href, "#"):
				href = address + href
				fallthrough
			case strings.HasPrefix(href, "/"):
				links++
				page, place, _ := strings.Cut(href, "#")
				if here := seen(page); place != "" && !here[place] {
					t.Errorf("%s: there is no %s", address, href)
				}
			case !outside[href]:
				t.Errorf("%s leads to %s, which is not in the list of outside links", address, href)
			}
		}
	}
	if links < 200 {
		t.Errorf("only %d links", links)
	}
	for _, c := range []struct {
		role    policy.Role
		address string
	}{{policy.Researcher, "/account"}, {policy.Planner, "/tables"}, {policy.Governance, "/oversight"}, {nobody, "/sign-in"}, {nobody, "/dictionary"}, {nobody, "/nowhere"}} {
		if doc := parse(t, s.take(c.role, way{address: c.address}).Body.String()); !doc.first(byTag("footer")).first(byAttr("href", "/contact")).ok() {
			t.Errorf("%s does not lead to /contact at its foot", c.address)
		}
	}
}

// Who runs the site is named where it is set; where it is not, its staff are told
// and nobody else.
func TestWhoRunsTheSite(t *testing.T) {
	whole := imprint.Site{Organisation: "Example University", Controller: "Example Controller", Registration: "ZA000001", Lead: "Example Lead", LeadEmail: "lead@example.org", Officer: "dpo@example.org", Phone: "01632 960000"}
	set, unset := open(t, &web.Assets{}, func(o *source) { o.imprint = whole }), open(t, &web.Assets{})
	text := func(s *site, who policy.Role, address string) string {
		return plain(s.take(who, way{address: address}).Body.String())
	}
	contains(t, text(set, nobody, "/"), "Example University holds a set")
	contains(t, text(set, nobody, "/privacy"), "The controller is Example Controller", "ZA000001", "dpo@example.org", "Ask Example Lead", "01632 960000")
	for _, address := range []string{"/access", "/governance", "/contact", "/accessibility", "/terms"} {
		contains(t, text(set, nobody, address), "lead@example.org")
	}
	for _, address := range publicPages() {
		for _, who := range append(policy.Roles(), nobody) {
			staff := address != "/leaflet" && (who == policy.Governance || who == policy.Auditor || who == policy.DataManager)
			if told := strings.Contains(text(unset, who, address), "Not set for this site: organisation, data controller"); told != staff {
				t.Errorf("%s is told at %s what is not set: %v", who, address, told)
			}
			if strings.Contains(text(set, who, address), "Not set") {
				t.Errorf("%s reads at %s that something is not set", who, address)
			}
		}
	}
}

// The leaflet that is handed out was printed from the page as it is, which make
// leaflet does again.
func TestLeafletIsCurrent(t *testing.T) {
	s := open(t, &web.Assets{})
	b, err := os.ReadFile(filepath.Join("leaflet", "leaflet.json"))
	if err != nil {
		t.Fatal(err)
	}
	var of struct{ Page, PDF string }
	if err := json.Unmarshal(b, &of); err != nil {
		t.Fatal(err)
	}
	sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	body := s.take(nobody, way{address: "/leaflet"}).Body.Bytes()
	if main := regexp.MustCompile(`(?s)<main[^>]*>.*</main>`).Find(body); sum(main) != of.Page {
		t.Error("the leaflet was printed from another text: change its version and run make leaflet")
	}
	contains(t, plain(string(body)), "leaflet version "+view.LeafletVersion)
	got := s.take(nobody, way{address: "/leaflet.pdf"})
	pdf := got.Body.Bytes()
	if sum(pdf) != of.PDF || got.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment;") {
		t.Errorf("another file: %v", got.Header())
	}
}

// It is a document that a screen reader can read, on two sheets of A4.
func TestLeafletFile(t *testing.T) {
	pdf, err := os.ReadFile(filepath.Join("leaflet", "leaflet.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	pages := regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)
	boxes := regexp.MustCompile(`/MediaBox \[0 0 595(\.\d+)? 84[12](\.\d+)?\]`).FindAll(pdf, -1)
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pages) != 2 || len(boxes) != 2 {
		t.Errorf("%d pages, %d of A4", len(pages), len(boxes))
	}
	for _, want := range []string{"/Marked true", "/StructTreeRoot", "/Lang (en-GB)", "/S /H1", "/S /H2", "/S /L", "/S /P"} {
		if !bytes.Contains(pdf, []byte(want)) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, bad := range []string{"/JavaScript", "/JS ", "/Launch", "/EmbeddedFile", "/tmp/", "file:"} {
		if bytes.Contains(pdf, []byte(bad)) {
			t.Errorf("there is a %s", bad)
		}
	}
	if title := titleOf(pdf); title != "Information leaflet – WebEnable HES" {
		t.Errorf("the title is %q", title)
	}
	if len(pdf) > 300<<10 {
		t.Errorf("%d bytes", len(pdf))
	}
}

// titleOf is the title in a PDF's information, which stands there in UTF-16.
func titleOf(pdf []byte) string {
	m := regexp.MustCompile(`/Title <(?i:FEFF)([0-9A-Fa-f]+)>`).FindSubmatch(pdf)
	if m == nil {
		return ""
	}
	b, err := hex.DecodeString(string(m[1]))
	if err != nil || len(b)%2 != 0 {
		return ""
	}
	var units []uint16
	for i := 0; i < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}

// The register says of each agreement what it is for and how often it was used, and
// names nobody.
func TestRegisterOfUses(t *testing.T) {
	s := open(t, &web.Assets{})
	rows := func() map[string][]string {
		out := map[string][]string{}
		for _, tr := range parse(t, s.take(nobody, way{address: "/register"}).Body.String()).first(byTag("tbody")).all(byTag("tr")) {
			var cells []string
			for _, td := range tr.all(byTag("td")) {
				cells = append(cells, td.text())
			}
			out[tr.first(byTag("th")).text()] = cells
		}
		return out
	}
	a := s.records.agreement
	first := rows()
	want := []string{a.Organisation, a.Basis.Label(), "in force", a.From.Format("02/01/2006"), a.Until.Format("02/01/2006"), "Dermatology, 2008/09 to 2010/11", "fewer than 5", "none"}
	if diff := cmp.Diff(want, first[a.Title]); diff != "" || len(first) != 2 {
		t.Errorf("%d agreements (-want +got):\n%s", len(first), diff)
	}
	for i := range 4 {
		name := policy.Role([]string{"one", "two", "three", "four"}[i])
		s.join(string(name), policy.Researcher, a.Ref)
	}
	s.letOut(s.asked(policy.Researcher, "", "csv"))
	s.fetched(policy.Researcher, "/exports/1", "csv")
	if diff := cmp.Diff(first, rows()); diff != "" {
		t.Errorf("it is worked out again at once (-want +got):\n%s", diff)
	}
	s.now = s.now.Add(web.UsesKept)
	if got := rows()[a.Title]; !slices.Equal(got[6:], []string{"5", "fewer than 5"}) {
		t.Errorf("5 sessions and a file: %q", got)
	}
	if err := s.store.RevokeAgreement(t.Context(), a.Ref, "because of somebody", s.now); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(web.UsesKept)
	if got := rows()[a.Title]; got[2] != "ended early" || got[4] != s.now.Format("02/01/2006") {
		t.Errorf("revoked: %q", got)
	}
	body := s.take(nobody, way{address: "/register"}).Body.String()
	for _, name := range []string{"one", "researcher", "clinician", "because of somebody"} {
		if slices.Contains(strings.Fields(body), name) || strings.Contains(body, ">"+name+"<") {
			t.Errorf("the register names %s", name)
		}
	}
}
