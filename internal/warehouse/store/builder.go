package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"webenablehes/internal/bulk"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
)

// Builder writes a release's data column by column, its rows already in release
// order. Columns may come in any order and from several goroutines at once; the
// files depend on their content only. Codes, here and below, are the places of
// values in a list of the distinct ones, counted from 1; 0 is a missing value.
//
// What a Builder is given it reads and never keeps or changes. A column that
// does not hold together (codes without a value, values out of order, a wrong
// number of rows) is refused: that is a mistake of the program. After an error
// the caller gives up with Abort.
type Builder struct {
	dir   string
	rows  int
	place map[string]int // of each field and family in the order of the dictionary

	mu   sync.Mutex // guards what follows
	m    meta
	seen map[string]bool // columns, raw texts and origins that were given
	made []string        // files, for Abort
	done bool
}

// NewBuilder starts a release's data of so many rows in an existing folder that
// holds none.
func NewBuilder(dir string, dict *hes.Dictionary, rows int) (*Builder, error) {
	names := make([]string, 0, len(dict.Fields()))
	for _, f := range dict.Fields() {
		names = append(names, f.Name)
	}
	return newBuilder(dir, names, rows)
}

// newBuilder takes the names of fields and families in their order.
func newBuilder(dir string, names []string, rows int) (*Builder, error) {
	if rows < 0 || rows >= int(driver.NoRow) {
		return nil, fault.New(fault.Invalid, "A release holds at most %d episodes. Load fewer files.", driver.NoRow-1)
	}
	b := &Builder{dir: dir, rows: rows, place: make(map[string]int, len(names)), m: meta{Version: formatVersion, Rows: rows}, seen: map[string]bool{}}
	for i, name := range names {
		b.place[name] = i
	}
	return b, nil
}

// Scalar writes a field that is not repeated. values are its distinct values in
// the order of query.Compare, those that it calls equal in the order of their
// bytes; codes has one code for each row. The person key also gives the numbers
// of the persons and their rows.
func (b *Builder) Scalar(f hes.Field, values []string, codes []uint32) error {
	return b.scalar(f, texts(values), codes)
}

// Text is Scalar for a field with very many values, such as the episode key:
// they stand one behind the other in text, value i ending before ends[i].
func (b *Builder) Text(f hes.Field, text []byte, ends []uint32, codes []uint32) error {
	return b.scalar(f, joined{text, ends}, codes)
}

// Numbered is Scalar for a field of type Int whose values are "1", "2", … up to
// n, so that the code of a value is the number itself.
func (b *Builder) Numbered(f hes.Field, codes []uint32, n int) error {
	return b.scalar(f, counting(n), codes)
}

func (b *Builder) scalar(f hes.Field, v values, codes []uint32) error {
	c := columnMeta{Name: f.Name, Values: v.size(), Width: widthFor(v.size()), Identifying: f.Class == hes.Prohibited}
	err := cmp.Or(b.known(f.Name), v.check(f.Type))
	switch {
	case f.Family != "" || f.List():
		err = errors.New("it is repeated and must come as a family")
	case len(codes) != b.rows:
		err = fmt.Errorf("it has %d rows and should have %d", len(codes), b.rows)
	case err == nil:
		err = inBounds(codes, c.Values)
	}
	if err != nil {
		return fmt.Errorf("write column %s: %w", f.Name, err)
	}
	if err := b.claim(c.Name, func(m *meta) { m.Columns = append(m.Columns, c) }); err != nil {
		return err
	}
	if err := b.file(c.Identifying, c.Name+".dict", v.write); err != nil {
		return err
	}
	if isPerson(f.Name) {
		if err := b.persons(codes, c.Values); err != nil {
			return err
		}
	}
	return b.file(c.Identifying, c.Name+".codes", func(out *file) { out.codes(c.Width, codes) })
}

// inBounds checks that every code has a value.
func inBounds(codes []uint32, values int) error {
	if highest := highest(codes); int64(highest) > int64(values) {
		return fmt.Errorf("there is a code %d and there are %d values", highest, values)
	}
	return nil
}

func highest[T uint8 | uint16 | uint32](codes []T) T {
	var top T
	for _, c := range codes {
		top = max(top, c)
	}
	return top
}

// claim notes what is about to be written; each thing comes once.
func (b *Builder) claim(what string, note func(*meta)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.done:
		return fmt.Errorf("write %s: the release is finished", what)
	case b.seen[what]:
		return fmt.Errorf("write %s: it is there already", what)
	}
	b.seen[what] = true
	note(&b.m)
	return nil
}

// known checks that the dictionary has a field or family.
func (b *Builder) known(name string) error {
	if _, ok := b.place[name]; !ok {
		return errors.New("the data dictionary has no such field")
	}
	return nil
}

// file writes one file, which must not be there yet.
func (b *Builder) file(identifying bool, name string, write func(*file)) error {
	dir := folder(b.dir, identifying)
	if identifying {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return unwritten(err, identifyingDir)
		}
	}
	path := filepath.Join(dir, name)
	err := writeFile(path, write)
	if !errors.Is(err, fs.ErrExist) { // a file of somebody else's is left alone
		b.mu.Lock()
		b.made = append(b.made, path)
		b.mu.Unlock()
	}
	return err
}

// persons numbers the persons in the order of first appearance and writes each
// row's person and each person's rows. codes are the person keys' codes.
func (b *Builder) persons(codes []uint32, values int) error {
	number := make([]uint32, values+1)
	next := uint32(0)
	rows := bulk.Make[uint32](len(codes))
	for i, c := range codes {
		if c == 0 {
			rows[i] = uint32(driver.NoPerson)
			continue
		}
		if number[c] == 0 {
			next++
			number[c] = next
		}
		rows[i] = number[c] - 1
	}
	b.mu.Lock()
	b.m.Persons = int(next)
	b.mu.Unlock()
	starts, list := group(rows, int(next))
	for _, f := range []struct {
		name string
		data []uint32
	}{{"person.rows", rows}, {"persons.starts", starts}, {"persons.list", list}} {
		if err := b.file(false, f.name, func(out *file) { out.numbers(f.data) }); err != nil {
			return err
		}
	}
	return nil
}

// group turns the number of each row (at or above n: none) into the rows of
// each number: starts and list.
func group(of []uint32, n int) (starts, list []uint32) {
	starts = make([]uint32, n+1)
	total := 0
	for _, p := range of {
		if int(p) < n {
			starts[p+1]++
			total++
		}
	}
	for i := 1; i <= n; i++ {
		starts[i] += starts[i-1]
	}
	list = bulk.Make[uint32](total)
	at := slices.Clone(starts)
	for row, p := range of {
		if int(p) < n {
			list[at[p]] = uint32(row)
			at[p]++
		}
	}
	return starts, list
}

// Finish writes what describes the columns and gives everything to the disk; publishing makes it lasting. No
// other call may be under way.
func (b *Builder) Finish() (driver.Info, error) {
	b.mu.Lock()
	if b.done {
		b.mu.Unlock()
		return driver.Info{}, errors.New("finish the release: it is finished")
	}
	b.done = true
	m := b.m
	b.mu.Unlock()
	slices.SortFunc(m.Columns, func(x, y columnMeta) int { return cmp.Compare(b.place[x.Name], b.place[y.Name]) })
	slices.SortFunc(m.Raw, func(x, y rawMeta) int { return cmp.Compare(x.Name, y.Name) })
	info := driver.Info{Rows: m.Rows, Persons: m.Persons}
	identifying := false
	for _, c := range m.Columns {
		info.Columns = append(info.Columns, c.Name)
		identifying = identifying || c.Identifying
	}
	for _, r := range m.Raw {
		identifying = identifying || r.Identifying
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return driver.Info{}, fmt.Errorf("write %s: %w", metaFile, err)
	}
	if err := b.file(false, metaFile, func(out *file) { out.bytes(text) }); err != nil {
		return driver.Info{}, err
	}
	if identifying {
		if err := syncDir(folder(b.dir, true)); err != nil {
			return driver.Info{}, err
		}
	}
	return info, syncDir(b.dir)
}

// Abort removes what was written. No other call may be under way.
func (b *Builder) Abort() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = true
	var errs []error
	for _, path := range b.made {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	b.made = nil
	_ = os.Remove(folder(b.dir, true)) // fails if it is not there or holds what is not ours
	return errors.Join(errs...)
}
