// Package synth makes synthetic extracts of admitted patient care: people with
// histories, their spells, the episodes of each spell, and from these the raw
// delimited files of a delivery, one a financial year.
//
// Nothing in them is anybody's. Every person id starts with Mark, by which a
// loader can tell. What is coherent in real data is coherent here: episodes of
// a spell abut, its first has the admission and its last the discharge, a move
// between hospitals is told by both, an episode open at a year's end comes again
// in the next year, ages follow the birth, a death ends the history,
// long-standing illnesses come back. Frequencies follow NHS Digital's published
// figures; the skin patients follow a recipe of their own, since the program is
// for dermatology first.
//
// The way from person to file has three steps that know nothing of each other:
// a history is drawn (person.go, spell.go), its episodes become rows (episode.go,
// notknown.go), now and then with a planted fault (flaw.go), and the rows are
// written down in one of many forms (form.go, file.go). While it makes a row the
// generator counts what a right reader will say of it (rules.go, tally.go), into
// truth.json and truth_rows.csv. It shares no code with the loader, so that each
// can find the other's mistakes.
//
// The same options give the same bytes: each person has a random source of
// their own, and people are written in order. The same seed gives the same rows
// in every form.
package synth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"webenablehes/internal/fault"
)

// Mark starts every person id that this package makes.
const Mark = "SYNTH"

// Options say what to make.
type Options struct {
	Patients    int // people; some have no episode within the years
	Rows        int // in place of Patients: as many people as give this many lines
	First, Last int // financial years by the year in which they begin: 2004 to 2013
	Seed        uint64
	Dirt        float64 // share of rows with a planted fault, 0 to 0.5
	SpellIDs    bool    // SUSSPELLID in all years; else from 2009-10
	LocalIDs    bool    // LOPATID, which loads only under an agreement that lists it; the other columns stay as they are
	TruthRows   bool    // write truth_rows.csv
	Form        Form
}

const maxPatients = 50_000_000

func (o Options) check() error {
	switch {
	case o.Rows < 0 || o.Rows > 0 && o.Patients > 0:
		return fault.New(fault.Invalid, "Say how many patients or how many rows, not both.")
	case o.Rows == 0 && (o.Patients < 1 || o.Patients > maxPatients):
		return fault.New(fault.Invalid, "Make 1 to 50 million patients.")
	case o.First < 1997 || o.Last > 2025 || o.First > o.Last:
		return fault.New(fault.Invalid, "The years run from 1997 to 2025, the first before the last.")
	case o.Dirt < 0 || o.Dirt > 0.5:
		return fault.New(fault.Invalid, "The share of faults is 0 to 0.5.")
	}
	return o.Form.check()
}

// shard is how many people are made at a time.
const shard = 500

// Write makes the files in a folder, which it makes too, and returns the truth
// that it also writes beside them. progress is told the rows so far; it may be nil.
func Write(ctx context.Context, dir string, o Options, progress func(rows int)) (Truth, error) {
	if err := o.check(); err != nil {
		return Truth{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Truth{}, fault.Wrap(fault.Unavailable, err, "The folder for the extract cannot be made")
	}
	w, err := newWorld(o)
	if err != nil {
		return Truth{}, err
	}
	t, err := w.write(ctx, dir, progress)
	if err != nil {
		return t, err
	}
	return t, t.write(dir)
}

// sink is the files of an extract.
type sink struct {
	files []*file // by year, then part
	truth *bufio.Writer
	f     *os.File // truth_rows.csv
}

func (w *world) open(dir string) (*sink, error) {
	s := &sink{}
	for year := range w.starts {
		for part := range w.o.Form.parts() {
			f, err := newFile(dir, w, year, part)
			if err != nil {
				return nil, errors.Join(err, s.close())
			}
			s.files = append(s.files, f)
		}
	}
	if !w.o.TruthRows {
		return s, nil
	}
	f, err := os.Create(filepath.Join(dir, "truth_rows.csv"))
	if err != nil {
		return nil, errors.Join(fault.Wrap(fault.Unavailable, err, "The truth cannot be written"), s.close())
	}
	s.f, s.truth = f, bufio.NewWriterSize(f, 1<<20)
	_, err = s.truth.WriteString("EPIKEY,FYEAR,SPELL,STAY_P1,STAY_P2,DUPLICATE,EPI_VALID\n")
	return s, err
}

func (s *sink) put(out *output) error {
	for i, f := range s.files {
		if err := f.write(out.text[i]); err != nil {
			return err
		}
	}
	if s.truth != nil {
		if _, err := s.truth.Write(out.truth); err != nil {
			return fmt.Errorf("write truth: %w", err)
		}
	}
	return nil
}

func (s *sink) close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.close())
	}
	if s.truth != nil {
		errs = append(errs, s.truth.Flush(), s.f.Close())
	}
	return errors.Join(errs...)
}

// write lets workers make shards and writes these in order.
func (w *world) write(ctx context.Context, dir string, progress func(rows int)) (t Truth, err error) {
	files, err := w.open(dir)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, files.close()) }()
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	patients := w.o.Patients
	if w.o.Rows > 0 {
		patients = maxPatients
	}
	workers := runtime.GOMAXPROCS(0)
	shards := (patients + shard - 1) / shard
	results := make([]chan *output, workers)
	for k := range workers {
		results[k] = make(chan *output, 2)
		running.Go(func() {
			defer close(results[k])
			for s := k; s < shards; s += workers {
				select {
				case results[k] <- w.shard(s, patients, 0):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	sum := newOutput(w)
	for s := range shards {
		out, ok := <-results[s%workers]
		if !ok {
			return t, context.Cause(ctx)
		}
		rows, last := sum.total(), false
		if w.o.Rows > 0 && rows+out.total() >= w.o.Rows {
			// The last shard is made again, up to the person who fills the number.
			out, last = w.shard(s, patients, w.o.Rows-rows), true
		}
		if err := files.put(out); err != nil {
			return t, err
		}
		sum.add(out)
		out.recycle()
		if progress != nil {
			progress(sum.total())
		}
		if last {
			break
		}
	}
	return w.truth(sum), nil
}

// shard makes the people of one shard; if enough is not 0, no more than are
// needed for that many rows.
func (w *world) shard(s, patients, enough int) *output {
	out := newOutput(w)
	for p := s * shard; p < min(patients, (s+1)*shard); p++ {
		out.person(p)
		if enough > 0 && out.total() >= enough {
			break
		}
	}
	return out
}

// yearName is the FYEAR of the financial year that begins in a year.
func yearName(y int) string { return fmt.Sprintf("%02d%02d", y%100, (y+1)%100) }
