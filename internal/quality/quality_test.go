package quality

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example() *Report {
	return &Report{
		Rows: Rows{Read: 10, Kept: 6, Rejected: 3, OutsideSubset: 1},
		Files: []File{
			{Name: "a.txt", Size: 100, SHA256: "00", Rows: 8, Form: "pipe-separated", Columns: 4, Years: []string{"0809", "9900"}, LeftOut: []LeftOut{{"WHAT", "not in the data dictionary"}}},
			{Name: "b.zip: c.txt", Size: 50, SHA256: "01", Rows: 2, Form: "comma-separated, zip", Columns: 3},
		},
		Rules:    []RuleCount{{"C1", "Words for nothing are not recorded.", "a source", 2}, {"C5", "Babies are 0 years.", "a source", 0}},
		Rejects:  []Reject{{"The row has no EPIKEY.", 1, []Place{{"a.txt", 9, "EPIKEY"}}}, {"The line has too few fields.", 2, []Place{{"a.txt", 3, ""}, {"b.zip: c.txt", 2, ""}}}},
		Years:    []YearCount{{"0809", 5}, {"", 1}},
		Filled:   []FieldCount{{"EPIKEY", 6}},
		Unlisted: []FieldCount{{"SEX", 1}},
		Subset:   "dermatology",
	}
}

// A report whose numbers do not add up must stop the load, whichever it is.
func TestCheck(t *testing.T) {
	if err := example().Check(); err != nil {
		t.Fatalf("the example does not balance: %v", err)
	}
	for name, spoil := range map[string]func(*Report){
		"one-read-too-many":     func(r *Report) { r.Rows.Read++ },
		"one-kept-too-many":     func(r *Report) { r.Rows.Kept++ },
		"one-rejected-missing":  func(r *Report) { r.Rows.Rejected-- },
		"one-outside-too-many":  func(r *Report) { r.Rows.OutsideSubset++ },
		"kept-and-read-too":     func(r *Report) { r.Rows.Kept++; r.Rows.Read++ },
		"rejected-and-read-too": func(r *Report) { r.Rows.Rejected++; r.Rows.Read++ },
		"outside-and-read-too":  func(r *Report) { r.Rows.OutsideSubset++; r.Rows.Read++ },
		"a-reason-is-lost":      func(r *Report) { r.Rejects = r.Rejects[1:] },
		"a-year-is-lost":        func(r *Report) { r.Years = r.Years[1:] },
		"a-file-is-lost":        func(r *Report) { r.Files = r.Files[1:] },
		"swapped":               func(r *Report) { r.Rows.Kept, r.Rows.Rejected = r.Rows.Rejected, r.Rows.Kept },
	} {
		t.Run(name, func(t *testing.T) {
			r := example()
			spoil(r)
			if r.Check() == nil {
				t.Error("the report is taken for balanced")
			}
		})
	}
}

func TestSort(t *testing.T) {
	r := example()
	r.Rejects = append(r.Rejects, Reject{Reason: "A reason.", Count: 1})
	r.Sort()
	var got []string
	for _, x := range r.Rejects {
		got = append(got, x.Reason)
	}
	for _, y := range r.Years {
		got = append(got, y.Year)
	}
	if d := cmp.Diff([]string{"The line has too few fields.", "A reason.", "The row has no EPIKEY.", "", "0809"}, got); d != "" {
		t.Error(d)
	}
}

func TestJSON(t *testing.T) {
	text, err := json.Marshal(example())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"rows":{"read":10,"kept":6,"rejected":3,"outside_subset":1}`) {
		t.Errorf("the rows are not where scripts look for them: %s", text)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(example(), &back); d != "" {
		t.Error(d)
	}
}

func TestWriteText(t *testing.T) {
	r := example()
	r.Sort()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	var got []string // the table's words, whatever the padding
	for _, line := range strings.Split(b.String(), "\n") {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"Rows read 10", "kept 6", "rejected 3", "outside the subset “dermatology” 1", "Synthetic no",
		"a.txt 8 4 pipe-separated", "left out WHAT not in the data dictionary", "b.zip: c.txt 2 3 comma-separated, zip",
		"C1 2 Words for nothing are not recorded.", "C5 0 Babies are 0 years.", "code not in the list of SEX 1 kept as it is",
		"0809 5", "not recorded 1",
		"The line has too few fields. 2 a.txt:3 b.zip: c.txt:2", "The row has no EPIKEY. 1 a.txt:9:EPIKEY",
	} {
		found := false
		for _, line := range got {
			found = found || line == want
		}
		if !found {
			t.Errorf("no line says %q in\n%s", want, b.String())
		}
	}
}

func TestPlace(t *testing.T) {
	for want, p := range map[string]Place{"a.txt:3": {"a.txt", 3, ""}, "a.txt:9:SEX": {"a.txt", 9, "SEX"}} {
		if p.String() != want {
			t.Errorf("%v is written %q", p, p.String())
		}
	}
}
