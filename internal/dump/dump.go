// Package dump turns the rows of a release into a file that is handed out.
//
// Resolve reads what was asked for: column names as people write them, and what
// one line of the file stands for, an episode, a provider spell or a patient. It
// gives a Table, which says which fields have to be scanned and makes the lines
// from the rows of the scan: an episode's line is its row; a spell's and a
// patient's are worked out from all rows of one person, which a scan gives
// together, so that memory is bounded by the person with the most rows. A Sink
// writes the lines as CSV or Parquet, to a file that appears under its name only
// when it is whole.
//
// The package knows nothing of rights or of the access record: package
// warehouse checks and records what goes through here.
package dump

import (
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/rollup"
)

// Unit is what one line of a file stands for.
type Unit string

// The units.
const (
	Episodes Unit = "episode" // a row of the release, in its order
	Spells   Unit = "spell"   // a stay in one hospital, the episodes of a PROVIDER_SPELL
	Patients Unit = "patient" // a person key
)

// String returns the unit's name for people and for the access record.
func (u Unit) String() string { return string(u) + "s" }

// Request is what was asked for.
type Request struct {
	Columns      []string // as people write them; see Resolve
	Unit         Unit
	AllowMissing bool // fields that the release does not hold become empty columns
}

// Column is one column of a file.
type Column struct {
	Name string   // heading
	Type hes.Type // how its values are written; delivered text is a Code
}

// Table is a request that has been understood. It is immutable.
type Table struct {
	columns []Column
	unit    Unit
	fields  []string // to be scanned, cells 0 to len(fields)-1 of a row
	raw     []string // delivered texts to be scanned, the cells that follow
	sources []source // Episodes and Spells: where the columns come from
	order   rollup.Order
	spell   int // Spells: cell of PROVIDER_SPELL
	// Patients
	patient []patientColumn
	inputs  rollup.Inputs
	groups  []string // codes of CONDITION_GROUP
}

// Columns returns the columns of the file, in order. The caller must not change
// the slice.
func (t *Table) Columns() []Column { return t.columns }

// Names returns the headings, in order.
func (t *Table) Names() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.Name
	}
	return out
}

// Unit returns what a line stands for.
func (t *Table) Unit() Unit { return t.unit }

// Fields returns the fields that the scan must give as values, slots one by one.
func (t *Table) Fields() []string { return t.fields }

// Raw returns the fields whose delivered text the scan must give.
func (t *Table) Raw() []string { return t.raw }

// People tells whether the scan must give the rows of one person together.
func (t *Table) People() bool { return t.unit != Episodes }

// Where returns the condition of the scan for rows that are chosen by where:
// spells and patients are not counted from duplicates (rule D1). A release
// without that field keeps all rows.
func (t *Table) Where(where query.Expr) query.Expr {
	if t.unit == Episodes {
		return where
	}
	return query.Both(where, query.Not{Of: query.In{Field: "DUPLICATE", Values: []string{"1"}}})
}

// Row is one row of a scan.
type Row struct {
	Person    uint32 // number of the person; rows of one person come together, numbers rising
	HasPerson bool
	Values    []string // as Table.Fields
	Raw       []string // as Table.Raw
	Origin    string   // "file:line"
}

// Lines makes the lines of a file from the rows of one scan. It is not safe for
// concurrent use.
type Lines struct {
	t       *Table
	write   func([]string) error
	line    []string
	leftOut int
	// of the person whose rows are being gathered
	person uint32
	cells  []string   // row after row, each of stride cells
	rows   [][]string // parts of cells
	some   bool       // a person has been met
	people []rollup.Episode
}

// Lines returns a maker of lines. write is called for each line, which is used
// again for the next one; its error stops the scan and is returned as it is.
func (t *Table) Lines(write func([]string) error) *Lines {
	return &Lines{t: t, write: write, line: make([]string, len(t.columns))}
}

// LeftOut returns how many rows entered no line, because they belong to no
// person or to no spell.
func (l *Lines) LeftOut() int { return l.leftOut }

// Add takes the next row of the scan. It keeps no slice of it.
func (l *Lines) Add(r Row) error {
	if l.t.unit == Episodes {
		for i, s := range l.t.sources {
			l.line[i] = s.of(r)
		}
		return l.write(l.line)
	}
	if !r.HasPerson {
		l.leftOut++
		return nil
	}
	if l.some && r.Person != l.person {
		if r.Person < l.person {
			return errNotTogether
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
	l.some, l.person = true, r.Person
	l.cells = append(append(append(l.cells, r.Values...), r.Raw...), r.Origin)
	return nil
}

// End makes the last lines, after the last row.
func (l *Lines) End() error {
	if !l.some {
		return nil
	}
	return l.flush()
}

// flush makes the lines of the person whose rows have been gathered.
func (l *Lines) flush() error {
	stride := len(l.t.fields) + len(l.t.raw) + 1
	l.rows = l.rows[:0]
	for rest := l.cells; len(rest) > 0; rest = rest[stride:] {
		l.rows = append(l.rows, rest[:stride:stride])
	}
	err := error(nil)
	if l.t.unit == Spells {
		err = l.spells()
	} else {
		err = l.patient()
	}
	clear(l.cells) // the texts belong to the engine
	l.cells = l.cells[:0]
	return err
}

var errNotTogether = fault.New(fault.Internal, "the scan does not give the rows of a person together")
