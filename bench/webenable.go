package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// webenable is the program as it was built.
type webenable struct {
	bin string
}

// output runs a command that is not measured.
func (w webenable) output(ctx context.Context, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, w.bin, args...).Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return out, fmt.Errorf("webenable %s: %w\n%s", args[0], err, strings.TrimSpace(string(e.Stderr)))
	}
	if err != nil {
		return out, fmt.Errorf("webenable %s: %w; build it with make first", args[0], err)
	}
	return out, nil
}

// offers tells whether a command has a flag.
func (w webenable) offers(ctx context.Context, flag string, command ...string) bool {
	out, err := w.output(ctx, append(command, "--help")...)
	return err == nil && strings.Contains(string(out), "--"+flag)
}

// manifest is what of a release's manifest is compared.
type manifest struct {
	ID      string `json:"id"`
	Program string `json:"program"`
	Subset  string `json:"subset"`
	Rows    struct {
		Read          int `json:"read"`
		Kept          int `json:"kept"`
		Rejected      int `json:"rejected"`
		OutsideSubset int `json:"outside_subset"`
	} `json:"rows"`
}

// manifest returns that of the release that a data folder serves.
func (w webenable) manifest(ctx context.Context, data string) (manifest, error) {
	var m manifest
	out, err := w.output(ctx, "release", "show", "--json", "--data", data)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(out, &m); err != nil {
		return m, fmt.Errorf("read the manifest: %w", err)
	}
	return m, nil
}

// counts returns the rows of the release by the values of columns. It is nil
// where the program cannot hand a release out.
func (w webenable) counts(ctx context.Context, data string, columns []string) (map[string]map[string]int, error) {
	if !w.offers(ctx, "columns", "release", "dump") {
		return nil, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.bin, "release", "dump", "--data", data, "--columns", strings.Join(columns, ","), "--format", "csv", "--out", "-")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	counts, err := tally(out, columns)
	if err != nil {
		cancel() // it would wait for a reader
	}
	if died := cmd.Wait(); died != nil && err == nil {
		err = died
	}
	if err != nil {
		return nil, fmt.Errorf("webenable release dump: %w\n%s", err, strings.TrimSpace(errs.String()))
	}
	return counts, nil
}

// tally counts the rows of a comma-separated text by the values of columns.
func tally(r io.Reader, columns []string) (map[string]map[string]int, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	if strings.Join(header, ",") != strings.Join(columns, ",") {
		return nil, fmt.Errorf("the columns are not %s", strings.Join(columns, ", "))
	}
	counts := map[string]map[string]int{}
	for _, c := range columns {
		counts[c] = map[string]int{}
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return counts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read rows: %w", err)
		}
		for i, c := range columns {
			counts[c][row[i]]++
		}
	}
}
