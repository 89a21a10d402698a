package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// The goals of a load, set for full rows on two CPUs.
const (
	fullRows     = 13_000_000
	goalOfDuck   = 0.5     // of DuckDB's time, at most
	goalMemory   = 6 << 30 // bytes, at most
	goalSkin     = 0.6     // of the time of all, at most
	goalPerTimes = 1.1     // of the time that the same speed would take for more rows, at most
)

// result is what a run found, as it is kept.
type result struct {
	Made      time.Time       `json:"made"`
	OS        string          `json:"os"`
	CPUs      int             `json:"cpus"`      // of the machine
	Used      int             `json:"cpus_used"` // by each contender, at most
	DuckDB    string          `json:"duckdb,omitempty"`
	Webenable string          `json:"webenable"`
	Extract   *extract        `json:"extract"`
	Larger    *extract        `json:"larger_extract,omitempty"`
	Attempts  []attempt       `json:"attempts"`
	Lines     []line          `json:"medians"`
	Held      map[string]held `json:"held"`
	Goals     []goal          `json:"goals"`
	Wrong     []string        `json:"wrong,omitempty"` // answers that differ
	Notes     []string        `json:"notes,omitempty"`
}

// line is the attempts of one contender on one extract.
type line struct {
	Name string `json:"name"`
	Rows int    `json:"extract_rows"`
	usage
	Fastest float64 `json:"fastest_s"`
	Slowest float64 `json:"slowest_s"`
	Rate    float64 `json:"rows_per_s"` // rows of the extract read, by the median
	Disk    int64   `json:"disk_bytes"`
}

// goal is one thing asked, with what was measured in the same unit.
type goal struct {
	Name     string  `json:"name"`
	Measured float64 `json:"measured"`
	Most     float64 `json:"most"`
	Unit     string  `json:"unit,omitempty"`
	Holds    bool    `json:"holds"`
}

func newResult(b *bench, x *extract) *result {
	return &result{Made: b.e.now().UTC().Truncate(time.Second), OS: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Used: min(b.o.cpus, runtime.NumCPU()),
		Extract: x, Held: map[string]held{}}
}

// of returns the line of a contender on an extract.
func (r *result) of(name string, rows int) line {
	l := line{Name: name, Rows: rows}
	var wall, cpu []float64
	for _, a := range r.Attempts {
		if a.Name != name || a.Rows != rows {
			continue
		}
		wall, cpu = append(wall, a.Wall), append(cpu, a.CPU)
		// Of memory and disk the largest counts: they must suffice each time.
		l.Peak, l.Private, l.Disk = max(l.Peak, a.Peak), max(l.Private, a.Private), max(l.Disk, a.Disk)
	}
	l.Wall, l.CPU = median(wall), median(cpu)
	if len(wall) > 0 && l.Wall > 0 {
		l.Fastest, l.Slowest, l.Rate = slices.Min(wall), slices.Max(wall), float64(rows)/l.Wall
	}
	return l
}

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// atMost adds a goal. What was not measured does not hold.
func (r *result) atMost(name string, measured, most float64, unit string) {
	r.Goals = append(r.Goals, goal{Name: name, Measured: measured, Most: most, Unit: unit, Holds: measured > 0 && measured <= most})
}

func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

const gib = 1 << 30

// judgeLoad compares times, memory and answers.
func (r *result) judgeLoad() {
	duck, all, skin := r.of(duckTyped, r.Extract.Rows), r.of(loadAll, r.Extract.Rows), r.of(loadSkin, r.Extract.Rows)
	r.Lines = []line{duck, all, skin}
	r.atMost("time of webenable all over DuckDB's typed read", over(all.Wall, duck.Wall), goalOfDuck, "")
	r.atMost("time of webenable dermatology over webenable all", over(skin.Wall, all.Wall), goalSkin, "")
	r.atMost("peak memory of webenable", float64(max(all.Peak, skin.Peak))/gib, float64(goalMemory)/gib, "GiB")
	if r.Extract.Rows < fullRows {
		r.Notes = append(r.Notes, fmt.Sprintf("the goals are set for %s rows on 2 CPUs; this run had fewer rows", grouped(fullRows)))
	}
	mine, theirs := r.Held[loadAll], r.Held[duckTyped]
	if theirs.Rows != r.Extract.Rows {
		r.Wrong = append(r.Wrong, fmt.Sprintf("DuckDB holds %s of %s rows", grouped(theirs.Rows), grouped(r.Extract.Rows)))
	}
	if mine.Rows != theirs.Rows {
		r.Wrong = append(r.Wrong, fmt.Sprintf("webenable holds %s rows, DuckDB %s", grouped(mine.Rows), grouped(theirs.Rows)))
	}
	if n := r.Held[loadSkin].Rows; n < 1 || n >= mine.Rows {
		r.Wrong = append(r.Wrong, fmt.Sprintf("the dermatology subset has %s rows of %s", grouped(n), grouped(mine.Rows)))
	}
	if mine.Counts == nil {
		r.Notes = append(r.Notes, "rows by value were not compared: this webenable cannot hand a release out (release dump)")
		return
	}
	for _, c := range compared() {
		r.Wrong = append(r.Wrong, differences(c, mine.Counts[c], theirs.Counts[c])...)
	}
}

// differences names the values of a column on whose rows two contenders differ.
// Values are code-list values of synthetic data, so they can be shown.
func differences(column string, mine, theirs map[string]int) []string {
	a, b := known(column, mine), known(column, theirs)
	values := map[string]bool{}
	for _, m := range []map[string]int{a, b} {
		for v := range m {
			values[v] = true
		}
	}
	var out []string
	for _, v := range slices.Sorted(maps.Keys(values)) {
		if a[v] != b[v] {
			out = append(out, fmt.Sprintf("%s %q: webenable holds %s rows, DuckDB %s", column, v, grouped(a[v]), grouped(b[v])))
		}
	}
	return out
}

// known merges the values that mean "not recorded", as cleansing does (rule C3
// for SEX); on webenable's side that changes nothing.
func known(column string, counts map[string]int) map[string]int {
	out := map[string]int{}
	for v, n := range counts {
		if column == "SEX" && (v == "0" || v == "X") {
			v = ""
		}
		out[v] += n
	}
	return out
}

// judgeScale compares the times of the two extracts. The larger one may have a
// few rows more or fewer than asked, which the goal takes into account.
func (r *result) judgeScale() {
	small, large := r.of(loadAll, r.Extract.Rows), r.of(loadAll, r.Larger.Rows)
	r.Lines = []line{small, large}
	factor := over(float64(r.Larger.Rows), float64(r.Extract.Rows))
	r.atMost(fmt.Sprintf("time for %.2f times the rows", factor), over(large.Wall, small.Wall), goalPerTimes*factor, "times")
	r.atMost("peak memory of webenable", float64(max(small.Peak, large.Peak))/gib, float64(goalMemory)/gib, "GiB")
}

// publish prints the result, keeps it as NAME.json in the folder, and fails if
// an answer differs.
func (r *result) publish(b *bench, name string) error {
	if err := r.write(b.e.out); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(b.o.dir, name+".json")
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	fmt.Fprintf(b.e.out, "\nAll figures: %s\n", file)
	if len(r.Wrong) > 0 {
		return errors.New("the answers differ, so the times prove nothing")
	}
	return nil
}

// write prints the result for a person.
func (r *result) write(w io.Writer) error {
	fmt.Fprintf(w, "%s rows of %d columns, %.2f GB; %d of %d CPUs; webenable %s%s; medians of %d\n\n",
		grouped(r.Extract.Rows), len(r.Extract.Columns), float64(r.Extract.Bytes)/1e9, r.Used, r.CPUs, r.Webenable, prefixed("; DuckDB ", r.DuckDB), rounds(r.Attempts))
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "load\trows\ts\tfrom-to s\tCPU s\trows/s\tpeak GiB\tprivate GiB\tdisk GB\t")
	for _, l := range r.Lines {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f-%.1f\t%.1f\t%s\t%.2f\t%.2f\t%.2f\t\n", l.Name, grouped(l.Rows), l.Wall, l.Fastest, l.Slowest, l.CPU, grouped(int(l.Rate)),
			float64(l.Peak)/gib, float64(l.Private)/gib, float64(l.Disk)/1e9)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	for _, g := range r.Goals {
		state := "missed"
		if g.Holds {
			state = "holds"
		}
		fmt.Fprintf(t, "%s\t%s\t%.2f %s\tat most %.2f\n", state, g.Name, g.Measured, g.Unit, g.Most)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range r.Wrong {
		fmt.Fprintln(w, "WRONG:", s)
	}
	for _, s := range slices.Compact(slices.SortedFunc(slices.Values(r.Notes), cmp.Compare)) {
		fmt.Fprintln(w, "Note:", s)
	}
	return nil
}

func rounds(as []attempt) int {
	n := 0
	for _, a := range as {
		n = max(n, a.Round)
	}
	return n
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// grouped writes a whole number with commas: 13,000,000.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && digits[i-1] != '-' && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
