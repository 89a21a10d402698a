package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the tests start this binary as the children that they measure.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == duckCommand {
		if err := runDuckChild(context.Background(), testEnv(), nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func testEnv() env { return env{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now} }

const sample = "FYEAR|EPIKEY|ADMIDATE|SEX|EPIDUR|OPDATE_02|NEW'COLUMN\n" +
	"0910|0001|2009-04-01|1|3||a\n" +
	"0910|0002||0||2009-05-01|\n" +
	"1011|0003|2010-04-01||12||\"b\n"

func mustExtract(t *testing.T, text string) *extract {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "it's.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := readExtract(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExtractIsCounted(t *testing.T) {
	for name, text := range map[string]string{"whole": sample, "no-last-line-end": strings.TrimSuffix(sample, "\n")} {
		t.Run(name, func(t *testing.T) {
			x := mustExtract(t, text)
			if x.Rows != 3 || x.Bytes != int64(len(text)) || len(x.Columns) != 7 {
				t.Errorf("got %d rows, %d bytes, columns %q", x.Rows, x.Bytes, x.Columns)
			}
		})
	}
}

func TestExtractOfDifferentColumnsIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "A|B\n1|2\n", "b.txt": "B|A\n1|2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := readExtract(t.Context(), dir); err == nil {
		t.Error("files of different columns were taken")
	}
}

// TestTypesOfTheDataDictionary reads the project's own dictionary, so that a
// change of its form shows here.
func TestTypesOfTheDataDictionary(t *testing.T) {
	want := map[string]string{"ADMIDATE": "DATE", "OPDATE_24": "DATE", "opdate_01": "DATE", "EPIDUR": "INTEGER", "BIRWEIT_3": "INTEGER", "EPIKEY": "VARCHAR",
		"DIAG_02": "VARCHAR", "SEX": "VARCHAR", "IMD04RK": "INTEGER", "NO_SUCH_FIELD": "VARCHAR"}
	var columns []string
	for c := range want {
		columns = append(columns, c)
	}
	got, err := columnTypes("../internal/hes/data/dictionary.csv", columns)
	if err != nil {
		t.Fatal(err)
	}
	for c, w := range want {
		if got[c] != w {
			t.Errorf("%s is %s, want %s", c, got[c], w)
		}
	}
	if _, err := dictionaryTypes(strings.NewReader("name,type\nSEX,code\n")); err == nil {
		t.Error("a dictionary without slots was taken")
	}
}

// TestDuckChildLoadsAndCounts runs the child as a process of its own, with a
// file name and a column name that need quoting.
func TestDuckChildLoadsAndCounts(t *testing.T) {
	x := mustExtract(t, sample)
	types, err := columnTypes("../internal/hes/data/dictionary.csv", x.Columns)
	if err != nil {
		t.Fatal(err)
	}
	job := duckJob{Database: filepath.Join(t.TempDir(), "x.duckdb"), Load: readStatement(x, types), Threads: 2}
	in, _ := json.Marshal(job)
	u, _, err := measure(t.Context(), testEnv(), 2, os.Args[0], []string{duckCommand}, in)
	if err != nil {
		t.Fatal(err)
	}
	if u.Wall <= 0 || u.CPU <= 0 || u.Peak < 1<<20 || u.Private > u.Peak {
		t.Errorf("odd measures: %+v", u)
	}
	job.Load, job.Count = "", []string{"SEX", "FYEAR", "NEW'COLUMN"}
	in, _ = json.Marshal(job)
	_, out, err := measure(t.Context(), testEnv(), 2, os.Args[0], []string{duckCommand}, in)
	if err != nil {
		t.Fatal(err)
	}
	var h held
	if err := json.Unmarshal(out, &h); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(h.Rows, h.Counts); got != `3 map[FYEAR:map[0910:2 1011:1] NEW'COLUMN:map[:1 "b:1 a:1] SEX:map[:1 0:1 1:1]]` {
		t.Errorf("held %s", got)
	}
}

func TestDuckChildRefusesWhatItsTypesCannotHold(t *testing.T) {
	x := mustExtract(t, "EPIDUR\nthree\n")
	in, _ := json.Marshal(duckJob{Database: filepath.Join(t.TempDir(), "x.duckdb"), Load: readStatement(x, map[string]string{"EPIDUR": "INTEGER"}), Threads: 1})
	if _, _, err := measure(t.Context(), testEnv(), 1, os.Args[0], []string{duckCommand}, in); err == nil {
		t.Error("a text became a whole number")
	}
}

// TestMemoryOfChildrenCounts measures a shell whose child holds 64 MiB.
func TestMemoryOfChildrenCounts(t *testing.T) {
	const hold = 64 << 20
	u, _, err := measure(t.Context(), testEnv(), 1, "/bin/sh", []string{"-c", fmt.Sprintf("head -c %d /dev/zero | { tail -c %d >/dev/null; sleep 0.5; } & wait", hold, hold)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if u.Peak < hold {
		t.Errorf("peak of %d bytes, want %d at least", u.Peak, hold)
	}
}

func TestStopReachesTheChild(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, _, err := measure(ctx, testEnv(), 1, "/bin/sh", []string{"-c", "sleep 60; true"}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestFamilyIsFoundInProc: by descent, by group, and with a name that looks
// like what follows it.
func TestFamilyIsFoundInProc(t *testing.T) {
	proc := t.TempDir()
	for pid, stat := range map[string]string{
		"10": "10 (a) S 1 10 1 0", "11": "11 (b ) S 1 1) S 10 10 1 0", "12": "12 (c) S 11 12 1 0", // child, and grandchild in a group of its own
		"13": "13 (orphan) S 1 10 1 0", "14": "14 (other) S 1 14 1 0", "15": "15 (child of other) S 14 14 1 0",
	} {
		dir := filepath.Join(proc, pid)
		status := "Name:\tx\nVmHWM:\t 999 kB\nVmRSS:\t 100 kB\nRssAnon:\t 60 kB\nRssFile:\t 35 kB\nRssShmem:\t 5 kB\nThreads:\t2\n"
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600), os.WriteFile(filepath.Join(dir, "status"), []byte(status), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	got := family(proc, 10)
	slices.Sort(got)
	if !slices.Equal(got, []int{10, 11, 12, 13}) {
		t.Errorf("family %v", got)
	}
	done := make(chan struct{})
	close(done)
	if u := watch(proc, 10, done); u.Peak != 400<<10 || u.Private != 260<<10 {
		t.Errorf("memory %+v", u)
	}
}

func TestTally(t *testing.T) {
	got, err := tally(strings.NewReader("FYEAR,SEX\n0910,1\n0910,\n1011,1\n"), compared())
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprint(got); s != "map[FYEAR:map[0910:2 1011:1] SEX:map[:1 1:2]]" {
		t.Error(s)
	}
	for name, text := range map[string]string{"empty": "", "other-columns": "SEX,FYEAR\n1,0910\n", "short-row": "FYEAR,SEX\n0910\n"} {
		if _, err := tally(strings.NewReader(text), compared()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestYearCount(t *testing.T) {
	for years, want := range map[string]int{"2010": 1, "2004-2013": 10, "2013-2004": 0, "soon": 0, "": 0} {
		if got, err := yearCount(years); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q gave %d, %v", years, got, err)
		}
	}
}

func TestRunNamesItsCommands(t *testing.T) {
	var said bytes.Buffer
	e := testEnv()
	e.err = &said
	for _, args := range [][]string{nil, {"no-such"}, {"load", "--no-such"}} {
		if err := run(t.Context(), e, args); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%v gave %v", args, err)
		}
	}
	if s := said.String(); !strings.Contains(s, "go run . scale") || strings.Contains(s, duckCommand) {
		t.Error(s)
	}
	if err := run(t.Context(), e, []string{"load", "--rows", "0"}); err == nil {
		t.Error("no rows were accepted")
	}
}
