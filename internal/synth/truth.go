package synth

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Truth is what a reader of the files should find. It was counted while the
// rows were made, from what the generator meant by them; nothing was read back.
type Truth struct {
	Rows     int            `json:"rows"`     // lines without headers
	Years    map[string]int `json:"years"`    // lines of each year, by FYEAR
	Planted  map[string]int `json:"planted"`  // faults by name
	Rejected int            `json:"rejected"` // lines that no reader can keep
	Skin     int            `json:"skin"`     // episodes of skin patients for their skin, kept lines
	Sex      map[string]int `json:"sex"`      // kept lines by SEX as delivered

	// Values that each cleansing rule changes, by its id: in all lines whose
	// fields can be told apart, and in the lines that are kept.
	Rules     map[string]int `json:"rules"`
	RulesKept map[string]int `json:"rules_kept"`
	// Codes for “not known” by the field's column, DIAG and OPERTN for all places.
	NotKnown     map[string]int `json:"not_known"`
	NotKnownKept map[string]int `json:"not_known_kept"`

	// Kept rows that rules V1 to V7 and D1 flag, that are valid, by TRANSIT; and
	// numbers of provider spells (S1), of stays by P1 and P2, of discharges that
	// count for readmission within 30 days (R1) and those readmitted, of people.
	Derived map[string]int `json:"derived"`
	// Kept rows that meet the dermatology rules N1 to N3, and any of them.
	Kept map[string]int `json:"kept"`
}

// truth gathers what all shards say.
func (w *world) truth(sum *output) Truth {
	t := Truth{Years: map[string]int{}, Planted: sum.faults, Rejected: sum.rejected, Skin: sum.skin, Sex: sum.sex,
		Derived: map[string]int{}, Kept: map[string]int{"N1": sum.subset[0], "N2": sum.subset[1], "N3": sum.subset[2], "union": sum.subset[3]}}
	for y, n := range sum.rows {
		t.Years[w.years2[y]] = n
		t.Rows += n
	}
	for i, name := range derivedNames() {
		t.Derived[name] = sum.derived[i]
	}
	t.Rules, t.NotKnown = w.named(&sum.all)
	t.RulesKept, t.NotKnownKept = w.named(&sum.kept)
	return t
}

func (w *world) named(c *counts) (rules, notKnown map[string]int) {
	rules, notKnown = map[string]int{}, map[string]int{}
	for i, id := range ids() {
		rules[id] = c.rules[i]
	}
	names := columnNames("")
	for i, sp := range w.special {
		if sp.column < cWide || w.o.Form.Wide {
			notKnown[names[sp.column]] = c.notKnown[i]
		}
	}
	notKnown["OPERTN"], notKnown["DIAG"] = c.notKnown[len(w.special)], c.notKnown[len(w.special)+1]
	return rules, notKnown
}

// add sums what two shards found. Texts are left out.
func (o *output) add(p *output) {
	for i, n := range p.rows {
		o.rows[i] += n
	}
	o.all.add(&p.all)
	o.kept.add(&p.kept)
	for i, n := range p.derived {
		o.derived[i] += n
	}
	for i, n := range p.subset {
		o.subset[i] += n
	}
	for name, n := range p.faults {
		o.faults[name] += n
	}
	for sex, n := range p.sex {
		o.sex[sex] += n
	}
	o.rejected += p.rejected
	o.skin += p.skin
}

func (o *output) total() int {
	n := 0
	for _, rows := range o.rows {
		n += rows
	}
	return n
}

func (t Truth) write(dir string) error {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return fmt.Errorf("write truth: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write truth: %w", err)
	}
	return nil
}
