package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func attempts(name string, rows int, peak int64, walls ...float64) []attempt {
	var out []attempt
	for i, w := range walls {
		out = append(out, attempt{Name: name, Round: i + 1, Rows: rows, usage: usage{Wall: w, CPU: 2 * w, Peak: peak}, Disk: int64(i)})
	}
	return out
}

// loaded is a result in which every goal holds and every answer agrees.
func loaded() *result {
	r := &result{Extract: &extract{Rows: fullRows, Columns: []string{"FYEAR", "SEX"}}, Webenable: "1", Held: map[string]held{
		duckTyped: {Rows: fullRows, Counts: map[string]map[string]int{"FYEAR": {"0910": fullRows}, "SEX": {"1": 7, "0": 2, "": 3}}},
		loadAll:   {Rows: fullRows, Counts: map[string]map[string]int{"FYEAR": {"0910": fullRows}, "SEX": {"1": 7, "": 5}}},
		loadSkin:  {Rows: 100},
	}}
	r.Attempts = append(r.Attempts, attempts(duckTyped, fullRows, 9<<30, 100, 300, 110)...)
	r.Attempts = append(r.Attempts, attempts(loadAll, fullRows, 3<<30, 50, 55, 400)...)
	r.Attempts = append(r.Attempts, attempts(loadSkin, fullRows, 2<<30, 33, 20, 40)...)
	return r
}

func TestJudgeLoad(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(r *result)
		missed string // part of the one goal's name
		wrong  string // part of the one wrong answer
		note   string
	}{
		"all-holds": {spoil: func(*result) {}},
		"slower":    {spoil: func(r *result) { r.Attempts[3].Wall, r.Attempts[8].Wall = 60, 33 }, missed: "over DuckDB"},
		"subset-slower": {spoil: func(r *result) { r.Attempts[6].Wall = 34 },
			missed: "dermatology over"},
		"memory-in-one-round": {spoil: func(r *result) { r.Attempts[8].Peak = 6<<30 + 1 }, missed: "memory"},
		"row-lost": {spoil: func(r *result) { h := r.Held[loadAll]; h.Rows--; r.Held[loadAll] = h },
			wrong: "webenable holds 12,999,999 rows, DuckDB 13,000,000"},
		"subset-empty": {spoil: func(r *result) { r.Held[loadSkin] = held{} }, wrong: "subset has 0 rows"},
		"subset-whole": {spoil: func(r *result) { r.Held[loadSkin] = held{Rows: fullRows} }, wrong: "subset has 13,000,000 rows"},
		"value-differs": {spoil: func(r *result) { r.Held[loadAll].Counts["SEX"]["1"]++ },
			wrong: `SEX "1": webenable holds 8 rows, DuckDB 7`},
		"value-missing": {spoil: func(r *result) { delete(r.Held[loadAll].Counts["FYEAR"], "0910") }, wrong: `FYEAR "0910": webenable holds 0 rows`},
		"no-dump":       {spoil: func(r *result) { r.Held[loadAll] = held{Rows: fullRows} }, note: "not compared"},
	} {
		t.Run(name, func(t *testing.T) {
			r := loaded()
			c.spoil(r)
			r.judgeLoad()
			if len(r.Goals) != 3 {
				t.Fatalf("%d goals", len(r.Goals))
			}
			for _, g := range r.Goals {
				if want := c.missed == "" || !strings.Contains(g.Name, c.missed); g.Holds != want {
					t.Errorf("%s: %.3f, holds %v", g.Name, g.Measured, g.Holds)
				}
			}
			if got := strings.Join(r.Wrong, "\n"); (c.wrong == "") != (got == "") || !strings.Contains(got, c.wrong) || len(r.Wrong) > 1 {
				t.Errorf("wrong: %q, want %q", r.Wrong, c.wrong)
			}
			if got := strings.Join(r.Notes, "\n"); (c.note == "") != (got == "") || !strings.Contains(got, c.note) {
				t.Errorf("notes: %q, want %q", got, c.note)
			}
		})
	}
}

func TestNothingMeasuredHoldsNothing(t *testing.T) {
	r := &result{Extract: &extract{Rows: 5}, Held: map[string]held{}}
	r.judgeLoad()
	for _, g := range r.Goals {
		if g.Holds {
			t.Errorf("%s holds", g.Name)
		}
	}
	if len(r.Wrong) == 0 {
		t.Error("no rows at all went unnoticed")
	}
}

func TestJudgeScale(t *testing.T) {
	for name, c := range map[string]struct {
		larger int
		wall   float64
		holds  bool
	}{"just": {4_000_000, 44, true}, "over": {4_000_000, 44.1, false}, "fewer-rows-than-asked": {3_900_000, 43.5, false}} {
		t.Run(name, func(t *testing.T) {
			r := &result{Extract: &extract{Rows: 1_000_000}, Larger: &extract{Rows: c.larger}, Held: map[string]held{}}
			r.Attempts = append(attempts(loadAll, 1_000_000, 1<<30, 10), attempts(loadAll, c.larger, 2<<30, c.wall)...)
			r.judgeScale()
			if r.Goals[0].Holds != c.holds {
				t.Errorf("%+v", r.Goals[0])
			}
		})
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.of, got, c.want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 13000000: "13,000,000", -123456: "-123,456", 123456: "123,456"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

// TestPublish: what is printed and kept, and that a wrong answer fails.
func TestPublish(t *testing.T) {
	var out bytes.Buffer
	b := &bench{e: testEnv(), o: options{dir: t.TempDir()}}
	b.e.out = &out
	r := loaded()
	r.judgeLoad()
	if err := r.publish(b, "load"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"13,000,000 rows of 2 columns", "medians of 3", "DuckDB typed read  13,000,000  110.0  100.0-300.0", "holds  time of webenable all"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	text, err := os.ReadFile(filepath.Join(b.o.dir, "load.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Medians []struct {
			Wall float64 `json:"wall_s"`
			Disk int     `json:"disk_bytes"`
		}
		Goals []goal
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if len(kept.Medians) != 3 || kept.Medians[0].Wall != 110 || kept.Medians[0].Disk != 2 || len(kept.Goals) != 3 {
		t.Errorf("kept %+v", kept)
	}
	r.Wrong = []string{"rows are missing"}
	if err := r.publish(b, "load"); err == nil {
		t.Error("a wrong answer went through")
	}
	if !strings.Contains(out.String(), "WRONG: rows are missing") {
		t.Error("a wrong answer is not said")
	}
}
