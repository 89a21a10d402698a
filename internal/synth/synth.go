// Package synth makes synthetic extracts of admitted patient care: people with
// histories, their spells, the episodes of each spell, and from these the raw
// delimited files of a delivery, one a financial year.
//
// Nothing in them is anybody's. Every person id starts with Mark, by which a
// loader can tell. What is coherent in real data is coherent here: episodes of
// a spell abut, its first has the admission and its last the discharge, ages
// follow the birth, a death ends the history, long-standing illnesses come back.
// Frequencies follow NHS Digital's published figures; the skin patients follow
// a recipe of their own, since the program is for dermatology first.
//
// The same options give the same bytes: each person has a random source of
// their own, and people are written in order. Faults are planted at a given rate
// and counted in truth.json, for testing what reads the files. This package
// shares no code with the loader.
package synth

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"webenablehes/internal/fault"
)

// Mark starts every person id that this package makes.
const Mark = "SYNTH"

// Options say what to make.
type Options struct {
	Patients    int
	First, Last int // financial years by the year in which they begin: 2004 to 2013
	Seed        uint64
	Comma       bool    // comma-separated; else by pipes
	Gzip        bool    // packed
	Dirt        float64 // share of rows with a planted fault, 0 to 0.5
}

// Truth is what a reader of the files should find.
type Truth struct {
	Rows     int            `json:"rows"`     // lines without headers
	Years    map[string]int `json:"years"`    // lines of each file, by FYEAR
	Planted  map[string]int `json:"planted"`  // faults by name
	Rejected int            `json:"rejected"` // lines that no reader can keep
	Skin     int            `json:"skin"`     // episodes of skin patients for their skin, good lines
	Sex      map[string]int `json:"sex"`      // good lines by SEX
}

func (o Options) check() error {
	switch {
	case o.Patients < 1 || o.Patients > 50_000_000:
		return fault.New(fault.Invalid, "Make 1 to 50 million patients.")
	case o.First < 1997 || o.Last > 2025 || o.First > o.Last:
		return fault.New(fault.Invalid, "The years run from 1997 to 2025, the first before the last.")
	case o.Dirt < 0 || o.Dirt > 0.5:
		return fault.New(fault.Invalid, "The share of faults is 0 to 0.5.")
	}
	return nil
}

// shard is how many people are made at a time.
const shard = 500

// Write makes the files in a folder, which it makes too, and returns the truth
// that it also writes beside them. progress is told the rows so far; it may be nil.
func Write(ctx context.Context, dir string, o Options, progress func(rows int)) (Truth, error) {
	t := Truth{Years: map[string]int{}, Planted: map[string]int{}, Sex: map[string]int{}}
	if err := o.check(); err != nil {
		return t, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return t, fault.Wrap(fault.Unavailable, err, "The folder for the extract cannot be made")
	}
	w, err := newWorld(o)
	if err != nil {
		return t, err
	}
	files := make([]*file, o.Last-o.First+1)
	for i := range files {
		if files[i], err = newFile(dir, o, o.First+i, w.header()); err != nil {
			return t, err
		}
	}
	// Workers make shards; the shards are written in order.
	workers := runtime.GOMAXPROCS(0)
	shards := (o.Patients + shard - 1) / shard
	results := make([]chan *output, workers)
	for k := range workers {
		results[k] = make(chan *output, 2)
		go func() {
			defer close(results[k])
			for s := k; s < shards; s += workers {
				out := newOutput(w)
				for p := s * shard; p < min(o.Patients, (s+1)*shard); p++ {
					out.person(p)
				}
				select {
				case results[k] <- out:
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	for s := range shards {
		out, ok := <-results[s%workers]
		if !ok {
			return t, ctx.Err()
		}
		for y := range files {
			if _, err := files[y].w.Write(out.text[y]); err != nil {
				return t, fmt.Errorf("write extract: %w", err)
			}
			t.Rows += out.rows[y]
			t.Years[yearName(o.First+y)] += out.rows[y]
		}
		for name, n := range out.planted {
			t.Planted[name] += n
		}
		t.Rejected += out.rejected
		t.Skin += out.skin
		for sex, n := range out.sex {
			t.Sex[sex] += n
		}
		if progress != nil {
			progress(t.Rows)
		}
	}
	for _, f := range files {
		if err := f.close(); err != nil {
			return t, err
		}
	}
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return t, fmt.Errorf("write truth: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), append(b, '\n'), 0o644); err != nil {
		return t, fmt.Errorf("write truth: %w", err)
	}
	return t, nil
}

// yearName is the FYEAR of the financial year that begins in a year.
func yearName(y int) string { return fmt.Sprintf("%02d%02d", y%100, (y+1)%100) }

// file is one year's extract.
type file struct {
	f *os.File
	b *bufio.Writer
	z *gzip.Writer
	w io.Writer
}

func newFile(dir string, o Options, year int, header string) (*file, error) {
	name := "synthetic_hes_apc_" + yearName(year) + ".txt"
	if o.Comma {
		name = name[:len(name)-3] + "csv"
	}
	if o.Gzip {
		name += ".gz"
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The extract cannot be written")
	}
	out := &file{f: f, b: bufio.NewWriterSize(f, 1<<20)}
	out.w = out.b
	if o.Gzip {
		out.z = gzip.NewWriter(out.b)
		out.w = out.z
	}
	if _, err := io.WriteString(out.w, header+"\n"); err != nil {
		return nil, fmt.Errorf("write extract: %w", err)
	}
	return out, nil
}

func (f *file) close() error {
	if f.z != nil {
		if err := f.z.Close(); err != nil {
			return fmt.Errorf("write extract: %w", err)
		}
	}
	if err := f.b.Flush(); err != nil {
		return fmt.Errorf("write extract: %w", err)
	}
	if err := f.f.Close(); err != nil {
		return fmt.Errorf("write extract: %w", err)
	}
	return nil
}

func number(n int) string { return strconv.Itoa(n) } // small numbers cost no allocation
