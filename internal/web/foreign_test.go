package web_test

import (
	"crypto/rand"
	"encoding/base64"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// shown collects the ids that somebody is shown: of rows, patients, stays and pages.
func (s *site) shown(who policy.Role) []string {
	s.t.Helper()
	seen := map[string]bool{}
	var out []string
	next := []string{"/records?fin=any&rule=any&dup=any", "/records?view=patients&fin=any&rule=any", "/records?view=spells&fin=any&rule=any", "/records?view=patients&sort=-EPISODES", "/records?sort=STARTAGE"}
	for len(next) > 0 {
		got := s.visit(who, next[0])
		next = next[1:]
		for got.Code == http.StatusSeeOther {
			got = s.visit(who, got.Header().Get("Location"))
		}
		doc := parse(s.t, got.Body.String())
		for _, found := range idText.FindAllString(got.Body.String(), -1) {
			if id := found[1:]; !seen[id] && isID(id) {
				seen[id] = true
				out = append(out, id)
			}
		}
		if more := doc.first(byAttr("data-next", "")); more.ok() {
			next = append(next, more.attr("href"))
		}
	}
	return out
}

// isID tells a sealed id from another text of its length.
func isID(text string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(raw) == 16
}

// places are the addresses that take an id, in whose place they hold ID.
func places() []string {
	return []string{"/records/ID", "/records/ID?view=patients", "/patients/ID", "/records?after=ID", "/records?before=ID", "/records?view=patients&after=ID", "/records?view=spells&before=ID",
		"/patients/ID?lanes=provider", "/records?sort=STARTAGE&after=ID"}
}

// 1,000 ids that were shown to others, or to the same person for another purpose, or
// of an earlier release to others, put everywhere where an id belongs: each answer is
// that to an id which there never was, to the byte, and takes the engine nothing.
// WEBENABLE_TORTURE=1 puts each in each place.
func TestAThousandForeignIDs(t *testing.T) {
	engine := &counting{}
	s := open(t, &web.Assets{}, func(o *source) { engine.Engine = o.engine; o.engine = engine })
	second := s.records.agreement
	second.Ref, second.Title = "DSA-2", "Another study"
	if err := s.store.AddAgreement(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	const me policy.Role = "me"
	s.join(string(me), policy.Researcher, s.records.agreement.Ref)
	foreign := map[string][]string{}
	for _, name := range []string{"ann", "bob", "cyd"} {
		s.join(name, policy.Researcher, s.records.agreement.Ref)
		foreign["of another person"] = append(foreign["of another person"], s.shown(policy.Role(name))...)
	}
	for _, name := range []string{"dan", "eve"} {
		s.join(name, policy.Researcher, second.Ref)
		foreign["of another study"] = append(foreign["of another study"], s.shown(policy.Role(name))...)
	}
	foreign["of a clinical team"] = s.shown(policy.Clinician)
	first := s.records.facts.ID
	s.records.facts.ID = before
	foreign["of another person and an earlier release"] = s.shown("ann")
	mineBefore := s.shown(me)
	s.records.facts.ID = first
	u, err := s.store.UserByName(t.Context(), string(me))
	if err != nil {
		t.Fatal(err)
	}
	mine := s.shown(me)
	s.cookies[me].Value = s.choose(s.cookies[me].Value, u, second.Ref)
	foreign["of my other purpose"] = s.shown(me)
	s.cookies[me].Value = s.choose(s.cookies[me].Value, u, s.records.agreement.Ref)
	guess := make([]byte, 16)
	for range 100 {
		_, _ = rand.Read(guess)
		foreign["guessed"] = append(foreign["guessed"], base64.RawURLEncoding.EncodeToString(guess))
	}
	for _, id := range mine[:100] {
		foreign["one bit off"] = append(foreign["one bit off"], turned(id))
	}

	ask := func(place, id string) *httptest.ResponseRecorder {
		return s.visit(me, strings.Replace(place, "ID", id, 1))
	}
	norm := func(got *httptest.ResponseRecorder, id string) string {
		_, body := steady(got)
		return strings.ReplaceAll(body, id, "ID")
	}
	never := map[string]*httptest.ResponseRecorder{}
	nobodys := strings.Repeat("A", 21) + "Q"
	for _, place := range places() {
		got := ask(place, nobodys)
		if got.Code != http.StatusNotFound {
			t.Fatalf("%s: status %d", place, got.Code)
		}
		never[place] = got
	}
	random := mathrand.New(mathrand.NewPCG(5, 1))
	asked, tried := 0, 0
	for kind, ids := range foreign {
		if tried += len(ids); len(ids) < 20 {
			t.Errorf("only %d ids %s", len(ids), kind)
		}
		for _, id := range ids {
			where := places()
			if os.Getenv("WEBENABLE_TORTURE") == "" {
				i := random.IntN(len(where))
				where = where[i : i+1]
			}
			for _, place := range where {
				before := engine.asked.Load()
				got := ask(place, id)
				asked++
				want := never[place]
				if got.Code != http.StatusNotFound || norm(got, id) != norm(want, nobodys) || !gocmp.Equal(got.Header(), want.Header()) {
					t.Errorf("an id %s at %s: status %d, %s", kind, place, got.Code, gocmp.Diff(plain(norm(want, nobodys)), plain(norm(got, id))))
				}
				if n := engine.asked.Load() - before; n != 0 {
					t.Errorf("an id %s at %s takes the engine %d questions", kind, place, n)
				}
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d foreign ids", tried)
	}
	// what was one's own is gone with its release, and nothing else tells
	gone := 0
	for _, id := range mineBefore {
		for _, place := range []string{"/records/ID", "/patients/ID"} {
			switch got := ask(place, id); got.Code {
			case http.StatusGone:
				gone++
			case http.StatusNotFound: // of another kind than the page takes
			default:
				t.Errorf("an own id of an earlier release at %s: status %d", place, got.Code)
			}
		}
	}
	// and the own ones work, so that this tests something
	works := 0
	for _, id := range mine {
		for _, place := range []string{"/records/ID", "/patients/ID"} {
			if ask(place, id).Code == http.StatusOK {
				works++
			}
		}
	}
	if gone < 50 || works < 50 {
		t.Errorf("%d own ids are gone and %d work", gone, works)
	}
	t.Logf("%d foreign ids asked for %d times; %d own ones work, %d are gone", tried, asked, works, gone)
}

// turned is an id with one bit of its first byte turned.
func turned(id string) string {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return id
	}
	raw[0] ^= 1
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Sequences, guesses and what looks like an id but is none find nothing.
func TestGuessedIDsFindNothing(t *testing.T) {
	n := 400
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		n = 100_000
	}
	s := open(t, &web.Assets{})
	random := mathrand.New(mathrand.NewPCG(5, 2))
	for i := range n {
		raw := make([]byte, 16)
		for j := range raw {
			raw[j] = byte(random.Uint32())
		}
		if i%2 == 0 { // in a sequence from an id that works
			raw = append([]byte{'e', 0, 0, 0, 0, 0, 0, 0, 0, 0}, byte(i>>8), byte(i), 0, 0, 0, 0)
		}
		id := base64.RawURLEncoding.EncodeToString(raw)
		place := places()[i%len(places())]
		if got := s.visit(policy.Researcher, strings.Replace(place, "ID", id, 1)); got.Code != http.StatusNotFound {
			t.Fatalf("guess %d at %s: status %d", i, place, got.Code)
		}
	}
	for _, id := range []string{"1", "0", "-1", "1000", "SYNTH000000000000000000000000000", strings.Repeat("A", 21), strings.Repeat("A", 23), strings.Repeat("A", 21) + "=", strings.Repeat("A", 20) + "+/", "null", "%00"} {
		for _, place := range places()[:5] {
			if status, _, _ := s.get(policy.Researcher, strings.Replace(place, "ID", id, 1)); status != http.StatusNotFound {
				t.Errorf("%q at %s: status %d", id, place, status)
			}
		}
	}
}
