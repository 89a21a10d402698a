package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// The contenders, and the columns by whose values their rows are counted.
const (
	duckTyped = "DuckDB typed read"
	loadAll   = "webenable all"
	loadSkin  = "webenable dermatology"
)

func compared() []string { return []string{"FYEAR", "SEX"} }

// attempt is one measured load.
type attempt struct {
	Name  string `json:"name"`
	Round int    `json:"round"` // from 1
	Rows  int    `json:"extract_rows"`
	usage
	Disk int64   `json:"disk_bytes"` // what the load left
	Busy float64 `json:"load_1m"`    // processes that wanted a CPU before it began; much above 0: others were at work
}

// bench is what a command measures with.
type bench struct {
	e    env
	o    options
	w    webenable
	self string // this program
}

func newBench(e env, name string, rows int, args []string) (*bench, error) {
	o, err := parse(e, name, rows, args)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return &bench{e: e, o: o, w: webenable{bin: filepath.Join(o.root, "bin", "webenable")}, self: self}, nil
}

// runLoad measures the three loads in turns.
func runLoad(ctx context.Context, e env, args []string) error {
	b, err := newBench(e, "load", 1_000_000, args)
	if err != nil {
		return err
	}
	x, _, err := obtain(ctx, e, b.w, b.o, b.o.rows)
	if err != nil {
		return err
	}
	types, err := columnTypes(filepath.Join(b.o.root, "internal", "hes", "data", "dictionary.csv"), x.Columns)
	if err != nil {
		return err
	}
	r := newResult(b, x)
	turns := []func(round int) error{
		func(round int) error { return b.duck(ctx, r, x, types, round) },
		func(round int) error { return b.web(ctx, r, x, loadAll, "all", round) },
		func(round int) error { return b.web(ctx, r, x, loadSkin, "dermatology", round) },
	}
	for round := 1; round <= b.o.repeat; round++ {
		for _, turn := range turns {
			if err := turn(round); err != nil {
				return err
			}
		}
		slices.Reverse(turns) // nobody always comes first
	}
	r.judgeLoad()
	return r.publish(b, "load")
}

// scratch gives a contender an empty folder, and takes it away after.
func (b *bench) scratch(name string, f func(dir string) error) (err error) {
	dir := filepath.Join(b.o.dir, "loaded-"+name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return fmt.Errorf("make room for a load: %w", err)
	}
	if !b.o.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	return f(dir)
}

// duck measures DuckDB's typed read into a new database, and asks for its rows.
func (b *bench) duck(ctx context.Context, r *result, x *extract, types map[string]string, round int) error {
	return b.scratch("duckdb", func(dir string) error {
		job := duckJob{Database: filepath.Join(dir, "hes.duckdb"), Load: readStatement(x, types), Threads: b.o.cpus}
		if _, err := b.attempt(ctx, r, attempt{Name: duckTyped, Round: round, Rows: x.Rows}, dir, b.self, []string{duckCommand}, job); err != nil {
			return err
		}
		job.Load, job.Count = "", compared()
		_, out, err := b.child(ctx, b.self, []string{duckCommand}, job)
		if err != nil {
			return err
		}
		var h held
		if err := json.Unmarshal(out, &h); err != nil {
			return fmt.Errorf("read DuckDB's answer: %w", err)
		}
		r.DuckDB, h.Version = h.Version, ""
		r.Held[duckTyped] = h
		return nil
	})
}

// web measures a load by webenable, and asks for its rows.
func (b *bench) web(ctx context.Context, r *result, x *extract, name, subset string, round int) error {
	return b.scratch(subset, func(dir string) error {
		args := append([]string{"load", "--quiet", "--data", dir, "--subset", subset}, x.files...)
		if _, err := b.attempt(ctx, r, attempt{Name: name, Round: round, Rows: x.Rows}, dir, b.w.bin, args, nil); err != nil {
			return err
		}
		m, err := b.w.manifest(ctx, dir)
		if err != nil {
			return err
		}
		r.Webenable = m.Program
		h := held{Rows: m.Rows.Kept}
		if m.Rows.Read != x.Rows {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s read %s of %s rows", name, grouped(m.Rows.Read), grouped(x.Rows)))
		}
		if m.Rows.Rejected > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("%s rejected %s rows", name, grouped(m.Rows.Rejected)))
		}
		if name == loadAll {
			if h.Counts = r.Held[name].Counts; h.Counts == nil { // once is enough: it takes a while
				if h.Counts, err = b.w.counts(ctx, dir, compared()); err != nil {
					return err
				}
			}
		}
		r.Held[name] = h
		return nil
	})
}

// attempt measures a load into a folder and adds it to the result.
func (b *bench) attempt(ctx context.Context, r *result, a attempt, dir, bin string, args []string, job any) (attempt, error) {
	a.Busy = loadAverage()
	var err error
	if a.usage, _, err = b.child(ctx, bin, args, job); err != nil {
		return a, err
	}
	if a.Disk, err = diskUse(dir); err != nil {
		return a, fmt.Errorf("measure what was loaded: %w", err)
	}
	fmt.Fprintf(b.e.err, "Round %d of %d: %s, %s rows: %.1f s\n", a.Round, b.o.repeat, a.Name, grouped(a.Rows), a.Wall)
	r.Attempts = append(r.Attempts, a)
	return a, nil
}

// child runs a process that is told a job, if there is one.
func (b *bench) child(ctx context.Context, bin string, args []string, job any) (usage, []byte, error) {
	var in []byte
	if job != nil {
		var err error
		if in, err = json.Marshal(job); err != nil {
			return usage{}, nil, err
		}
	}
	return measure(ctx, b.e, b.o.cpus, bin, args, in)
}

// loadAverage returns the machine's load over the last minute; 0 if it does not say.
func loadAverage() float64 {
	var one float64
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &one)
	}
	return one
}
