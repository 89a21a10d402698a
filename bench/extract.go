package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// extract is the files that all contenders read.
type extract struct {
	Rows    int      `json:"rows"` // lines without headers
	Bytes   int64    `json:"bytes"`
	Columns []string `json:"columns"`
	files   []string
}

// perPerson is how many rows a generated person has over ten years, for a
// generator that cannot be told rows.
const perPerson = 4.04

// obtain returns the extract of so many rows, which is made if it is not there,
// and whether it was made. Reading it once here leaves the files in memory for
// all contenders alike, if there is room.
func obtain(ctx context.Context, e env, w webenable, o options, rows int) (x *extract, made bool, err error) {
	dir := extractDir(o, rows)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		made = true
		fmt.Fprintf(e.err, "Making an extract of %s rows in %s (it stays there)\n", grouped(rows), dir)
		if err := makeExtract(ctx, w, o, rows, dir); err != nil {
			return nil, made, err
		}
	}
	fmt.Fprintf(e.err, "Reading %s once\n", dir)
	x, err = readExtract(ctx, dir)
	return x, made, err
}

func extractDir(o options, rows int) string {
	return filepath.Join(o.dir, fmt.Sprintf("extract-%d-%s", rows, o.years))
}

// makeExtract has webenable make the files under a passing name, so that half
// an extract is never taken for a whole one.
func makeExtract(ctx context.Context, w webenable, o options, rows int, dir string) error {
	making := dir + ".making"
	if err := errors.Join(os.RemoveAll(making), os.MkdirAll(o.dir, 0o755)); err != nil {
		return fmt.Errorf("make room for the extract: %w", err)
	}
	args := []string{"synth", "--years", o.years, "--out", making}
	if w.offers(ctx, "rows", "synth") {
		args = append(args, "--rows", strconv.Itoa(rows))
	} else {
		years, err := yearCount(o.years)
		if err != nil {
			return err
		}
		args = append(args, "--patients", strconv.Itoa(max(1, int(float64(rows)/perPerson*10/float64(years)))))
	}
	if w.offers(ctx, "wide", "synth") { // about 400 bytes a row, as real ones have
		args = append(args, "--wide")
	}
	if _, err := w.output(ctx, args...); err != nil {
		return errors.Join(err, os.RemoveAll(making))
	}
	return os.Rename(making, dir)
}

// yearCount returns how many years first-last names.
func yearCount(years string) (int, error) {
	from, to, ok := strings.Cut(years, "-")
	if !ok {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || last < first {
		return 0, errors.New("write the years as 2004-2013")
	}
	return last - first + 1, nil
}

// readExtract reads every file whole and counts its rows.
func readExtract(ctx context.Context, dir string) (*extract, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no *.txt file is in %s: remove the folder, and the extract is made again", dir)
	}
	x := &extract{files: files}
	buf := make([]byte, 1<<20)
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		header, lines, size, err := readFile(name, buf)
		if err != nil {
			return nil, fmt.Errorf("read the extract: %w", err)
		}
		columns := strings.Split(header, "|")
		if x.Columns == nil {
			x.Columns = columns
		}
		if !slices.Equal(x.Columns, columns) {
			return nil, fmt.Errorf("the files in %s have different columns: DuckDB's typed read needs the same ones in each", dir)
		}
		x.Rows += lines - 1
		x.Bytes += size
	}
	return x, nil
}

// readFile returns a file's first line, how many lines it has and its size.
func readFile(name string, buf []byte) (header string, lines int, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, 0, err
	}
	defer f.Close()
	var first []byte
	last := byte('\n')
	for {
		n, err := f.Read(buf)
		if lines == 0 {
			line, _, _ := bytes.Cut(buf[:n], []byte{'\n'})
			first = append(first, line...)
		}
		if n > 0 {
			last = buf[n-1]
		}
		lines += bytes.Count(buf[:n], []byte{'\n'})
		size += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", 0, 0, err
		}
	}
	if last != '\n' {
		lines++
	}
	return strings.TrimSuffix(string(first), "\r"), lines, size, nil
}

// diskUse returns the bytes of the files under a path, be it a file or folder.
func diskUse(path string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(path, func(_ string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
