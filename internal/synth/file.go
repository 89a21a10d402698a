package synth

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"webenablehes/internal/fault"
)

// file is one text of the extract: a year, or a part of one.
type file struct {
	form   Form
	f      *os.File
	b      *bufio.Writer
	z      io.Closer // the packer, or nil
	w      io.Writer
	header string
	// Rows that are to be shuffled wait in a file beside.
	waiting *os.File
	r       *rand.Rand
}

// newFile begins a file; part counts from 0.
func newFile(dir string, w *world, year, part int) (*file, error) {
	form := w.o.Form
	base := "synthetic_hes_apc_" + w.years2[year]
	header := form.header(w.columns) + "\n"
	if form.parts() > 1 {
		base += "_part" + strconv.Itoa(part+1)
	}
	if form.Header == separate {
		text := append([]byte(form.mark()), form.encode([]byte(header))...)
		if err := os.WriteFile(filepath.Join(dir, base+"_headers.txt"), text, 0o644); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "The extract's header cannot be written")
		}
		header = ""
	}
	member, name := base+".txt", base+".txt"
	if form.Separator == comma {
		member, name = base+".csv", base+".csv"
	}
	switch form.Pack {
	case gzipped:
		name += ".gz"
	case zipped:
		name = base + ".zip"
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The extract cannot be written")
	}
	out := &file{form: form, f: f, b: bufio.NewWriterSize(f, 1<<20), header: header, r: rand.New(rand.NewPCG(w.o.Seed, uint64(1_000_000_000+year*100+part)))}
	out.w = out.b
	switch form.Pack {
	case gzipped:
		z := gzip.NewWriter(out.b)
		out.z, out.w = z, z
	case zipped:
		z := zip.NewWriter(out.b)
		if out.w, err = z.CreateHeader(&zip.FileHeader{Name: member, Method: zip.Deflate}); err != nil {
			return nil, fmt.Errorf("begin archive: %w", err)
		}
		out.z = z
	}
	if form.Shuffle {
		if out.waiting, err = os.CreateTemp(dir, ".rows-*"); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "The extract cannot be written")
		}
	}
	if _, err := io.WriteString(out.w, form.mark()); err != nil {
		return nil, fmt.Errorf("write extract: %w", err)
	}
	return out, out.encoded([]byte(header))
}

func (f *file) encoded(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if _, err := f.w.Write(f.form.encode(text)); err != nil {
		return fmt.Errorf("write extract: %w", err)
	}
	return nil
}

// write takes whole lines.
func (f *file) write(text []byte) error {
	if f.waiting == nil {
		return f.encoded(text)
	}
	if _, err := f.waiting.Write(text); err != nil {
		return fmt.Errorf("write extract: %w", err)
	}
	return nil
}

// close writes what is left. After an error the file is closed all the same.
func (f *file) close() error {
	err := f.shuffled()
	if f.z != nil {
		err = errors.Join(err, f.z.Close())
	}
	if err = errors.Join(err, f.b.Flush(), f.f.Close()); err != nil {
		return fmt.Errorf("write extract: %w", err)
	}
	return nil
}

func (f *file) shuffled() error {
	if f.waiting == nil {
		return nil
	}
	name := f.waiting.Name()
	defer os.Remove(name)
	if err := f.waiting.Close(); err != nil {
		return fmt.Errorf("shuffle rows: %w", err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("shuffle rows: %w", err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1] // nothing follows the last line end
	f.r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for _, line := range lines {
		if err := f.encoded(line); err != nil {
			return err
		}
	}
	return nil
}
