package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/release"
	"webenablehes/internal/removal"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
)

type optoutCmd struct {
	makeOptions
	Yes  bool   `help:"Do it; without this the command only says what it would do."`
	File string `arg:"" help:"Person ids, one a line, as the files deliver them." type:"existingfile"`
}

// Run takes people out: of the staged rows, of what is served, and of every load
// to come. Releases that hold their rows are destroyed, since a release is never
// changed.
func (c optoutCmd) Run(g *globals) error {
	ids, err := readIDs(c.File)
	if err != nil {
		return err
	}
	dict, _, err := vocabulary()
	if err != nil {
		return err
	}
	r := release.Open(g.Data)
	current, err := r.Current()
	if err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	served, err := r.Get(current)
	if err != nil && current != "" {
		return err
	}
	cut, err := subset.Find(c.Subset, dict)
	c.Hold = false     // what waits to be signed off would leave these people served
	if current != "" { // what is served stays the same but for these people
		cut, err = subset.Again(served.Subset, served.Text, dict)
	}
	if err != nil {
		return err
	}
	hashes := make(map[string]bool, len(ids))
	for id := range ids {
		hashes[hashID([]byte(id))] = true
	}
	found, rows, old, err := g.holding(dict, hashes)
	if err != nil {
		return err
	}
	if !c.Yes {
		_, err := fmt.Fprintf(g.env.Out, "This would take %d staged rows of %d listed people out, make and serve a new release, and destroy %d releases that hold their rows. Say --yes to do it; it cannot be undone.\n", rows, len(ids), len(old))
		return err
	}
	// First of all, so that no later load brings them back.
	if err := addOptOuts(g.Data, hashes); err != nil {
		return err
	}
	var noted []removal.Entry
	for _, h := range slices.Sorted(maps.Keys(hashes)) {
		noted = append(noted, removal.Entry{Kind: removal.OptedOut, What: h})
	}
	if err := removal.In(g.Data).Add(noted...); err != nil {
		return err
	}
	if rows > 0 {
		if err := c.take(g, dict, cut, found, old); err != nil {
			return err
		}
	}
	if err := g.note("opt-out", "", "", fmt.Sprintf("%d people listed, %d rows taken out, %d releases destroyed", len(ids), rows, len(old))); err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.env.Out, "Taken out: %d rows. Later loads leave the %d listed people out. Copies outside the data folder, such as backups and files handed out, are not covered.\n", rows, len(ids))
	return err
}

// take rewrites the batches, makes a release of them and destroys the old ones.
func (c optoutCmd) take(g *globals, dict *hes.Dictionary, cut subset.Subset, found map[string][]int, old []string) error {
	m, err := g.begin(dict, cut, c.makeOptions)
	if err != nil {
		return err
	}
	var parts []staging.Part
	var noted []removal.Entry
	err = func() error {
		var err error
		if parts, err = m.area.Current(); err != nil {
			return err
		}
		m.inherit(parts)
		for i, p := range parts {
			rows := found[p.Batch]
			if len(rows) == 0 {
				continue
			}
			drop := make(map[int]bool, len(rows))
			for _, row := range rows {
				drop[row] = true
			}
			b, err := staging.Open(m.area.Dir(p.Batch), dict)
			if err != nil {
				return err
			}
			next := fmt.Sprintf("%s-%d", m.build.ID(), i)
			_, err = staging.Rewrite(b, m.build.Batch(), dict, func(row int) bool { return drop[row] }, "Rows of people who opted out were taken out.")
			if err = errors.Join(err, b.Close()); err != nil {
				return err
			}
			if err := m.area.Adopt(m.build.Batch(), next); err != nil {
				return err
			}
			noted = append(noted, removal.Entry{Kind: removal.Replaced, What: p.Batch, Also: next})
			parts[i].Batch = next
		}
		m.adopt = func() error { return m.area.Replace(parts) }
		return m.finish(parts, false)
	}()
	// Nobody is left in the subset: then nothing is served, rather than them.
	nobody := errors.Is(err, errNoRows)
	if nobody {
		err = m.area.Replace(parts)
	}
	if err != nil || nobody {
		if err = errors.Join(err, m.build.Abort()); err != nil {
			return err
		}
	}
	r := release.Open(g.Data)
	unlock, err := r.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	var batches []string
	for id, rows := range found {
		if len(rows) > 0 {
			batches = append(batches, id)
		}
	}
	slices.Sort(batches)
	for _, id := range old {
		noted = append(noted, removal.Entry{Kind: removal.Replaced, What: id, Also: m.build.ID()})
	}
	if err := removal.In(g.Data).Add(noted...); err != nil {
		return err
	}
	d := release.Destruction{Releases: old, Batches: batches, Unserve: nobody, By: systemUser(), Why: "people opted out"}
	if d.Exports, err = g.endFiles(old, false); err != nil {
		return err
	}
	_, path, err := r.Destroy(g.ctx, d, g.now())
	if err != nil {
		return err
	}
	if nobody {
		fmt.Fprintln(g.env.Out, "Nobody is left in the subset, so nothing is served now: load other years, or make a release of another subset.")
	}
	_, err = fmt.Fprintf(g.env.Out, "Certificate of what was destroyed: %s\n", path)
	return errors.Join(err, m.said)
}

// readIDs reads person ids, one a line.
func readIDs(path string) (map[string]bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, errors.Unwrap(err), "The list of people cannot be opened")
	}
	defer f.Close()
	out := map[string]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if id := strings.TrimSpace(lines.Text()); id != "" {
			if len(id) > 200 {
				return nil, fault.New(fault.Invalid, "%s: a line is longer than a person id can be.", filepath.Base(path))
			}
			out[id] = true
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The list of people cannot be read")
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "%s lists nobody.", filepath.Base(path))
	}
	return out, nil
}

// rowsOf finds the rows of people in a batch, by the hashes of their ids.
func rowsOf(dir string, dict *hes.Dictionary, hashes map[string]bool) ([]int, error) {
	b, err := staging.Open(dir, dict)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	c := b.Column(hes.PersonField)
	if c < 0 {
		return nil, nil
	}
	values, codes, err := b.Key(c)
	if err != nil {
		return nil, err
	}
	wanted := make([]bool, values.Len()+1)
	for i := range values.Len() {
		wanted[i+1] = hashes[hashID(values.At(i))]
	}
	var rows []int
	for row, code := range codes {
		if wanted[code] {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// optOutFile holds a hash of each person who opted out, so that the list itself
// need not be kept.
func optOutFile(data string) string { return filepath.Join(data, "optouts") }

func hashID(id []byte) string {
	sum := sha256.Sum256(id)
	return hex.EncodeToString(sum[:])
}

// optOuts reads the hashes.
func optOuts(data string) (map[string]bool, error) {
	raw, err := os.ReadFile(optOutFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the opt-outs: %w", err)
	}
	out := map[string]bool{}
	for line := range bytes.Lines(raw) {
		line = bytes.TrimSpace(line)
		if len(line) != 64 {
			return nil, fault.New(fault.Unavailable, "The file of opt-outs in the data folder is damaged: restore it, or apply the lists again with “webenable optout”, before loading.")
		}
		out[string(line)] = true
	}
	return out, nil
}

func addOptOuts(data string, more map[string]bool) error {
	known, err := optOuts(data)
	if err != nil || len(more) == 0 {
		return err
	}
	both := maps.Clone(more)
	maps.Copy(both, known)
	hashes := slices.Sorted(maps.Keys(both))
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("keep the opt-outs: %w", err)
	}
	next := optOutFile(data) + ".new"
	err = durable.Write(next, []byte(strings.Join(hashes, "\n")+"\n"))
	if err == nil {
		err = os.Rename(next, optOutFile(data))
	}
	if err == nil {
		err = durable.Sync(data)
	}
	return fault.Wrap(fault.Unavailable, err, "The opt-outs could not be kept; make room and try again")
}
