package checkpoint_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"webenablehes/internal/audit"
	"webenablehes/internal/checkpoint"
	"webenablehes/internal/fault"
)

// kept is a record in memory that anybody may change.
type kept struct {
	entries []audit.Entry
	signed  []audit.Signed
}

func (k *kept) Entries(_ context.Context, from int64, visit func(audit.Entry) bool) error {
	for i := int(max(from, 1)) - 1; i < len(k.entries); i++ {
		if !visit(k.entries[i]) {
			return nil
		}
	}
	return nil
}

func (k *kept) Checkpoints(context.Context) ([]audit.Signed, error) { return k.signed, nil }

func (k *kept) AddCheckpoint(_ context.Context, s audit.Signed) error {
	if slices.ContainsFunc(k.signed, func(have audit.Signed) bool { return have.Entries == s.Entries }) {
		return fault.New(fault.Conflict, "There is one.")
	}
	k.signed = append(k.signed, s)
	return nil
}

var day = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// add appends n events by somebody.
func (k *kept) add(t testing.TB, n int, actor string) {
	t.Helper()
	for range n {
		seq, head := int64(len(k.entries)+1), ""
		if seq > 1 {
			head = k.entries[seq-2].Hash
		}
		body, err := audit.Encode(audit.Event{At: day.Add(time.Duration(seq) * time.Second), Kind: "view", Actor: actor, Question: "episodes with a diagnosis of L40", Rows: int(seq), Outcome: "shown"})
		if err != nil {
			t.Fatal(err)
		}
		k.entries = append(k.entries, audit.Entry{Seq: seq, Body: body, Hash: audit.Link(seq, head, body)})
	}
}

func (k *kept) copied() *kept {
	out := &kept{}
	for _, e := range k.entries {
		out.entries = append(out.entries, audit.Entry{Seq: e.Seq, Body: bytes.Clone(e.Body), Hash: e.Hash})
	}
	return out
}

// relinked makes the chain right again from an entry on, as somebody would who
// writes the record anew.
func (k *kept) relinked(from int) {
	head := ""
	if from > 0 {
		head = k.entries[from-1].Hash
	}
	for i := from; i < len(k.entries); i++ {
		k.entries[i].Seq = int64(i + 1)
		head = audit.Link(int64(i+1), head, k.entries[i].Body)
		k.entries[i].Hash = head
	}
}

func key(t testing.TB) *checkpoint.Key {
	t.Helper()
	k, err := checkpoint.OpenKey(filepath.Join(t.TempDir(), "key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The tree is that of the checksum database, at each size.
func TestTheTreeIsTheKnownOne(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, n := range at {
			out[i] = stored[n]
		}
		return out, nil
	})
	var tree checkpoint.Tree
	for n := range int64(300) {
		body := []byte(fmt.Sprint("entry ", n))
		more, err := tlog.StoredHashes(n, body, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		tree.Add(tlog.RecordHash(body))
		want, err := tlog.TreeHash(n+1, reader)
		if err != nil || tree.Root() != want {
			t.Fatalf("%d entries: %v, want %v, %v", n+1, tree.Root(), want, err)
		}
	}
}

// A thousand changes of a record with a checkpoint kept elsewhere: each is found,
// and the first entry that is wrong is named. Where whoever changed it wrote the
// rest anew, so that the chain is right, the entries between two checkpoints are.
func TestAThousandChangesAreFound(t *testing.T) {
	r := mathrand.New(mathrand.NewPCG(13, 2026))
	k, good := key(t), &kept{}
	var points []checkpoint.Checkpoint
	for range 6 {
		good.add(t, 40, "ana")
		s, err := checkpoint.Make(t.Context(), good, k, day)
		if err != nil {
			t.Fatal(err)
		}
		p, err := k.Open(s.Note)
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, p)
	}
	good.add(t, 5, "ana") // after the last checkpoint
	if _, _, err := checkpoint.Check(t.Context(), good, k.Public, points...); err != nil {
		t.Fatal(err)
	}
	signed := int(points[len(points)-1].Entries)
	stranger := &kept{}
	stranger.add(t, 1, "eve")
	exact, between := true, false
	changes := []struct {
		name    string
		precise bool // the chain itself breaks
		do      func(c *kept, at int)
	}{
		{"flip", exact, func(c *kept, at int) { c.entries[at].Body[r.IntN(len(c.entries[at].Body))] ^= byte(1 + r.IntN(255)) }},
		{"delete", exact, func(c *kept, at int) { c.entries = slices.Delete(c.entries, at, at+1) }},
		{"insert", exact, func(c *kept, at int) {
			c.entries = slices.Insert(c.entries, at, audit.Entry{Seq: int64(at + 1), Body: stranger.entries[0].Body, Hash: stranger.entries[0].Hash})
		}},
		{"swap", exact, func(c *kept, at int) { c.entries[at], c.entries[at+1] = c.entries[at+1], c.entries[at] }},
		{"renumber", exact, func(c *kept, at int) {
			c.entries = slices.Delete(c.entries, at, at+1)
			for i := at; i < len(c.entries); i++ {
				c.entries[i].Seq = int64(i + 1)
			}
		}},
		{"cut the end off", exact, func(c *kept, at int) { c.entries = c.entries[:at] }},
		{"an older copy that went on", between, func(c *kept, at int) { c.entries = c.entries[:at]; c.add(t, len(good.entries)-at+3, "bob") }},
		{"flip and write anew", between, func(c *kept, at int) {
			c.entries[at].Body = bytes.Replace(c.entries[at].Body, []byte("ana"), []byte("eve"), 1)
			c.relinked(at)
		}},
		{"delete and write anew", between, func(c *kept, at int) { c.entries = slices.Delete(c.entries, at, at+1); c.relinked(at) }},
		{"another record", between, func(c *kept, _ int) { c.entries = nil; c.add(t, len(good.entries), "eve") }},
	}
	found := 0
	for n := range 1000 {
		change := changes[n%len(changes)]
		c, at := good.copied(), r.IntN(signed-1)
		change.do(c, at)
		_, _, err := checkpoint.Check(t.Context(), c, k.Public, points...)
		if fault.Of(err) != fault.Conflict {
			t.Errorf("%s at entry %d: not found: %v", change.name, at+1, err)
			continue
		}
		says := fault.Say(err)
		var named, after int
		_, rest, _ := strings.Cut(says, "from entry ")
		fmt.Sscanf(rest, "%d", &named)
		if _, tail, ok := strings.Cut(rest, "but after entry "); ok {
			fmt.Sscanf(tail, "%d", &after)
		}
		first := at + 1 // the first entry that differs
		if change.name == "another record" {
			first = 1
		}
		switch {
		case change.precise && named != first:
			t.Errorf("%s at entry %d: entry %d is named: %s", change.name, first, named, says)
		case !change.precise && (first <= after || first > named || named-after > 40):
			t.Errorf("%s at entry %d: entries after %d up to %d are named: %s", change.name, first, after, named, says)
		}
		found++
	}
	t.Logf("%d of 1000 found", found)
}

// A server that goes on from the last checkpoint makes what reading all again
// makes, and nothing where nothing came.
func TestGoingOnIsLikeBeginningAgain(t *testing.T) {
	k, s := key(t), &kept{}
	for _, n := range []int{0, 1, 6, 64, 1} {
		s.add(t, n, "ana")
		made, err := checkpoint.Make(t.Context(), s, k, day)
		if err != nil {
			t.Fatal(err)
		}
		c, unknown, err := checkpoint.Check(t.Context(), &kept{entries: s.entries}, k.Public)
		if err != nil || unknown != 0 {
			t.Fatal(err, unknown)
		}
		want, _ := c.Made(day)
		if got, err := k.Open(made.Note); err != nil || got != want {
			t.Errorf("%d entries: %+v, want %+v, %v", len(s.entries), got, want, err)
		}
		again, err := checkpoint.Make(t.Context(), s, k, day.AddDate(0, 0, 1))
		if err != nil || len(s.entries) > 0 && !again.At.Equal(day) {
			t.Errorf("%d entries: made again at %v, %v", len(s.entries), again.At, err)
		}
	}
	last := len(s.signed) - 1
	for name, spoil := range map[string]func(c *kept){
		"state":               func(c *kept) { c.signed[last].State[9] ^= 1 },
		"entry of the last":   func(c *kept) { c.entries[len(c.entries)-1].Hash = strings.Repeat("0", 64) },
		"end cut off":         func(c *kept) { c.entries = c.entries[:3] },
		"written anew and on": func(c *kept) { c.entries[0].Body = c.entries[1].Body; c.relinked(0); c.add(t, 2, "eve") },
	} {
		c := s.copied()
		for _, x := range s.signed {
			x.State, x.Note = bytes.Clone(x.State), bytes.Clone(x.Note)
			c.signed = append(c.signed, x)
		}
		spoil(c)
		if made, err := checkpoint.Make(t.Context(), c, k, day); fault.Of(err) != fault.Conflict {
			t.Errorf("%s: a checkpoint of %d entries was made: %v", name, made.Entries, err)
		}
	}
}

func TestCheckpointsAreAsTheyWereSigned(t *testing.T) {
	k, other, s := key(t), key(t), &kept{}
	s.add(t, 3, "ana")
	made, err := checkpoint.Make(t.Context(), s, k, day)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(made.Note); fault.Of(err) != fault.Conflict {
		t.Errorf("signed with another key: %v", err)
	}
	both, err := checkpoint.NewPublic([]string{other.Text, k.Text})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both.Open(made.Note); err != nil {
		t.Errorf("signed with an earlier key: %v", err)
	}
	want, err := k.Open(made.Note)
	if err != nil {
		t.Fatal(err)
	}
	for i := range made.Note {
		b := bytes.Clone(made.Note)
		b[i] ^= 1
		if got, err := k.Open(b); err == nil && got != want { // the last bits of base64 mean nothing
			t.Errorf("changed at %d: %+v", i, got)
		}
	}
	file := slices.Concat([]byte("printed on Tuesday\n"), made.Note, []byte("\nand again\n\n"), made.Note, []byte("\n"))
	if got := checkpoint.Split(file); len(got) != 2 || !bytes.Equal(got[0], made.Note) || !bytes.Equal(got[1], made.Note) {
		t.Errorf("%q", got)
	}
}

func TestKeysAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	a, err := checkpoint.OpenKey(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := checkpoint.OpenKey(path, rand.Reader)
	if err != nil || a.Text != b.Text {
		t.Fatal(err, a.Text, b.Text)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.OpenKey(path, rand.Reader); fault.Of(err) != fault.Denied {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.WriteFile(path, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.OpenKey(path, rand.Reader); fault.Of(err) != fault.Invalid {
		t.Errorf("a file without a key: %v", err)
	}
	if _, err := checkpoint.OpenKey(filepath.Join(path, "x"), rand.Reader); fault.Of(err) != fault.Unavailable {
		t.Errorf("a file that cannot be there: %v", err)
	}
	if _, err := checkpoint.NewPublic([]string{"nonsense"}); fault.Of(err) != fault.Invalid {
		t.Error(err)
	}
}
