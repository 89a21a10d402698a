package load

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/quality"
)

// A Manifest is what whoever sent the files says of them, file by file: so a file of
// another year, one that was sent twice, and one that was cut off or changed on the
// way are noticed though they are well formed.
type Manifest struct{ files []expected }

// expected is what a manifest says of a file as it was delivered; an archive has the
// rows of all texts in it.
type expected struct {
	name   string
	rows   int
	sha256 string
}

// maxManifest is more than any manifest of a delivery has.
const maxManifest = 1 << 20

// ReadManifest reads a manifest: comma-separated text whose first line names the
// columns name, rows and sha256, in any order, and then a line for each file.
func ReadManifest(r io.Reader) (*Manifest, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The manifest cannot be read")
	}
	if len(text) > maxManifest {
		return nil, fault.New(fault.Invalid, "The manifest is larger than 1 MB, so it is none.")
	}
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	lines.TrimLeadingSpace = true
	head, err := lines.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, "The manifest is empty. Its first line names the columns name, rows and sha256.")
	}
	var at [3]int
	for i, column := range [...]string{"name", "rows", "sha256"} {
		at[i] = slices.IndexFunc(head, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), column) })
		if at[i] < 0 {
			return nil, fault.New(fault.Invalid, "The manifest has no column %s. Its first line names the columns name, rows and sha256.", column)
		}
	}
	m := &Manifest{}
	for {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "The manifest cannot be read")
		}
		line, _ := lines.FieldPos(0)
		cell := func(i int) string { return strings.TrimSpace(cells[at[i]]) }
		e := expected{name: cell(0), sha256: strings.ToLower(cell(2))}
		if e.rows, err = strconv.Atoi(cell(1)); err != nil || e.rows < 0 {
			return nil, fault.New(fault.Invalid, "Line %d of the manifest: rows is not a number of rows.", line)
		}
		if raw, err := hex.DecodeString(e.sha256); err != nil || len(raw) != 32 {
			return nil, fault.New(fault.Invalid, "Line %d of the manifest: sha256 is not one; it has 64 digits from 0 to f.", line)
		}
		if e.name == "" || e.name != filepath.Base(e.name) || m.find(e.name) != nil {
			return nil, fault.New(fault.Invalid, "Line %d of the manifest: name is the name of one file, without its folder, and no file stands there twice.", line)
		}
		m.files = append(m.files, e)
	}
	if len(m.files) == 0 {
		return nil, fault.New(fault.Invalid, "The manifest names no file.")
	}
	return m, nil
}

func (m *Manifest) find(name string) *expected {
	if i := slices.IndexFunc(m.files, func(e expected) bool { return e.name == name }); i >= 0 {
		return &m.files[i]
	}
	return nil
}

// Complete tells whether every file of the manifest is among those that are to be
// loaded, before any is read.
func (m *Manifest) Complete(files []string) error {
	var wrong []string
	var names []string
	for _, f := range files {
		name := filepath.Base(f)
		if slices.Contains(names, name) {
			wrong = append(wrong, fmt.Sprintf("%s is given twice, so it cannot be told which the manifest means", name))
		}
		names = append(names, name)
	}
	for _, e := range m.files {
		if !slices.Contains(names, e.name) {
			wrong = append(wrong, fmt.Sprintf("%s is in the manifest and not among the files", e.name))
		}
	}
	return differs(wrong)
}

// Check tells whether the files that were read are those of the manifest.
func (m *Manifest) Check(read []quality.File) error {
	found := map[string]*expected{}
	var order []string
	for _, f := range read {
		name := f.Name
		if archive, _, ok := strings.Cut(name, memberMark); ok && m.find(name) == nil {
			name = archive
		}
		if found[name] == nil {
			found[name] = &expected{name: name, sha256: f.SHA256}
			order = append(order, name)
		}
		found[name].rows += f.Rows
	}
	var wrong []string
	for _, name := range order {
		switch e, got := m.find(name), found[name]; {
		case e == nil:
			wrong = append(wrong, fmt.Sprintf("%s is not in the manifest", name))
		case e.sha256 != got.sha256:
			wrong = append(wrong, fmt.Sprintf("%s has the SHA-256 %s, and %s was expected", name, got.sha256, e.sha256))
		case e.rows != got.rows:
			wrong = append(wrong, fmt.Sprintf("%s has %d rows, and %d were expected", name, got.rows, e.rows))
		}
	}
	for _, e := range m.files {
		if found[e.name] == nil {
			wrong = append(wrong, fmt.Sprintf("%s is in the manifest and was not read", e.name))
		}
	}
	return differs(wrong)
}

// differs says what differs from a manifest.
func differs(wrong []string) error {
	const most = 20
	if len(wrong) == 0 {
		return nil
	}
	more := ""
	if n := len(wrong) - most; n > 0 {
		wrong, more = wrong[:most], fmt.Sprintf("; and %d more", n)
	}
	return fault.New(fault.Invalid, "The files are not those of the manifest, so nothing was published: %s%s. Ask whoever sent them.", strings.Join(wrong, "; "), more)
}
