package audit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// chainOf returns a good chain and its head.
func chainOf(t testing.TB, n int) ([]Entry, string) {
	t.Helper()
	chain := make([]Entry, 0, n)
	head := ""
	for i := range n {
		e := Event{At: time.UnixMilli(int64(i) * 977), Kind: "view", Actor: "ana", Role: "researcher", Question: "episodes with a diagnosis of L40", Rows: i % 50, Outcome: "shown"}
		body, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		seq := int64(i + 1)
		head = Link(seq, head, body)
		chain = append(chain, Entry{Seq: seq, Body: body, Hash: head})
	}
	return chain, head
}

// check returns the head of a chain, or what is wrong with it.
func check(chain []Entry) (int64, string, error) {
	var v Verifier
	for _, e := range chain {
		if err := v.Next(e); err != nil {
			return 0, "", err
		}
	}
	n, head := v.Head()
	return n, head, nil
}

func TestAGoodChainPasses(t *testing.T) {
	for _, n := range []int{0, 1, 50} {
		chain, want := chainOf(t, n)
		if got, head, err := check(chain); err != nil || got != int64(n) || head != want {
			t.Errorf("%d entries: %d, %q, %v", n, got, head, err)
		}
	}
}

// Every change is found, and the entry named is the first that is wrong.
func TestEveryChangeIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2026))
	good, _ := chainOf(t, 50)
	stranger, err := Encode(Event{At: time.UnixMilli(5), Kind: "view", Actor: "eve", Outcome: "shown"})
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]func(c []Entry, at int) []Entry{
		"flip": func(c []Entry, at int) []Entry {
			c[at].Body[r.IntN(len(c[at].Body))] ^= byte(1 + r.IntN(255))
			return c
		},
		"flip-hash": func(c []Entry, at int) []Entry {
			h := []byte(c[at].Hash)
			h[r.IntN(len(h))] ^= byte(1 + r.IntN(255))
			c[at].Hash = string(h)
			return c
		},
		"delete":    func(c []Entry, at int) []Entry { return slices.Delete(c, at, at+1) },
		"swap":      func(c []Entry, at int) []Entry { c[at], c[at+1] = c[at+1], c[at]; return c },
		"duplicate": func(c []Entry, at int) []Entry { return slices.Insert(c, at, c[at]) },
		"insert": func(c []Entry, at int) []Entry { // with the right number and a right hash, but for those that follow
			before := ""
			if at > 0 {
				before = c[at-1].Hash
			}
			return slices.Insert(c, at, Entry{Seq: int64(at + 1), Body: stranger, Hash: Link(int64(at+1), before, stranger)})
		},
		"write-anew": func(c []Entry, at int) []Entry { // with a right hash, which those that follow are bound to no more
			before := ""
			if at > 0 {
				before = c[at-1].Hash
			}
			c[at].Body, c[at].Hash = stranger, Link(c[at].Seq, before, stranger)
			return c
		},
		"delete-and-renumber": func(c []Entry, at int) []Entry {
			c = slices.Delete(c, at, at+1)
			for i := range c[at:] {
				c[at+i].Seq--
			}
			return c
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			for range 150 {
				c := make([]Entry, len(good))
				for i, e := range good {
					c[i] = Entry{Seq: e.Seq, Body: bytes.Clone(e.Body), Hash: e.Hash}
				}
				at := r.IntN(len(c) - 1)
				_, _, err := check(change(c, at))
				if err == nil {
					t.Fatalf("at entry %d: not found", at+1)
				}
				var named int
				if _, scan := fmt.Sscanf(err.Error(), "entry %d:", &named); scan != nil || named < at+1 || named > at+2 {
					t.Fatalf("at entry %d: the error names another: %v", at+1, err)
				}
			}
		})
	}
}

// Whoever cuts off the end leaves a good chain: the head kept elsewhere tells.
func TestACutEndShowsInTheHead(t *testing.T) {
	chain, head := chainOf(t, 50)
	for n := range 50 {
		if _, got, err := check(chain[:n]); err != nil || got == head {
			t.Errorf("cut after %d: %q, %v", n, got, err)
		}
	}
}

// A chain may be right in its hashes and yet not be events as we write them.
func TestOnlyTheCanonicalFormPasses(t *testing.T) {
	good, err := Encode(Event{At: time.UnixMilli(1), Kind: "view", Actor: "ana", Outcome: "shown"})
	if err != nil {
		t.Fatal(err)
	}
	text := string(good)
	for name, body := range map[string]string{
		"not-json":      "view by ana",
		"space":         strings.Replace(text, ":", ": ", 1),
		"unknown-field": strings.Replace(text, "{", `{"more":1,`, 1),
		"twice":         strings.Replace(text, "{", `{"kind":"table",`, 1),
		"finer-time":    strings.Replace(text, ".001Z", ".0011Z", 1),
		"other-zone":    strings.Replace(text, "00:00:00.001Z", "01:00:00.001+01:00", 1),
		"nothing":       "",
	} {
		t.Run(name, func(t *testing.T) {
			if body == text {
				t.Fatal("the case changes nothing")
			}
			if _, _, err := check([]Entry{{Seq: 1, Body: []byte(body), Hash: Link(1, "", []byte(body))}}); err == nil {
				t.Error("it passed")
			}
		})
	}
	if _, _, err := check([]Entry{{Seq: 1, Body: good, Hash: Link(1, "", good)}}); err != nil {
		t.Error(err)
	}
}

func BenchmarkVerifyAMillion(b *testing.B) {
	chain, _ := chainOf(b, 1000)
	for b.Loop() {
		for range 1000 {
			if _, _, err := check(chain); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// Whatever somebody sends, what is written of it passes when the record is
// checked: else one request would make the whole record look changed.
func TestBytesThatAreNoTextPass(t *testing.T) {
	for _, bad := range []string{"\xff", "a\xc3(", strings.Repeat("\xff", MarkLength), "\x00\u2028<&>\ufffd", "\xed\xa0\x80"} {
		e := Event{At: time.UnixMilli(1)}
		all := reflect.ValueOf(&e).Elem()
		for i := range all.NumField() {
			if f := all.Field(i); f.Kind() == reflect.String {
				f.SetString(bad)
			}
		}
		body, err := Encode(e)
		if err == nil {
			err = Canonical(body)
		}
		if err != nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWhatIsAMark(t *testing.T) {
	for text, want := range map[string]bool{"abcdEFGH-_09": true, "": false, "abcdEFGH-_0": false, "abcdEFGH-_09a": false, "abcdEFGH+/09": false, "abcd EFGH-_0": false, "abcdEFGH-_0\n9": false,
		strings.Repeat("\xff", MarkLength): false, "\"\"\"\"\"\"\"\"\"\"\"\"": false} {
		if m, ok := ReadMark(text); ok != want || ok && string(m) != text {
			t.Errorf("%q: %q, %v", text, m, ok)
		}
	}
}
