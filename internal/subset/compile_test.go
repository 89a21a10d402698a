package subset

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
)

// coded is a table of rows as a load has it: sorted values and codes.
type coded struct {
	values [][]string // of each column
	codes  [][]uint32 // of each row
}

func code(columns int, rows [][]string) coded {
	c := coded{values: make([][]string, columns), codes: make([][]uint32, len(rows))}
	for i := range columns {
		for _, r := range rows {
			if r[i] != "" {
				c.values[i] = append(c.values[i], r[i])
			}
		}
		slices.Sort(c.values[i])
		c.values[i] = slices.Compact(c.values[i])
		for j, r := range rows {
			n := uint32(0)
			if r[i] != "" {
				at, _ := slices.BinarySearch(c.values[i], r[i])
				n = uint32(at) + 1
			}
			c.codes[j] = append(c.codes[j], n)
		}
	}
	return c
}

func (c coded) dict(column int) []string { return c.values[column] }

func (c coded) row(row int) func(int) uint32 {
	return func(column int) uint32 { return c.codes[row][column] }
}

// Expected answers are worked out by hand, from what package query says.
func TestRow(t *testing.T) {
	d := mustDictionary(t)
	var columns []hes.Field
	for _, name := range []string{"ADMIDATE", "EPIDUR", "STARTAGE_CALC", "SEX", "DIAG_01", "DIAG_02"} {
		f, ok := d.Field(name)
		if !ok {
			t.Fatalf("no field %s", name)
		}
		columns = append(columns, f)
	}
	rows := [][]string{
		{"2004-03-31", "9", "9.75", "1", "L400", "C44"},
		{"2004-04-01", "10", "10", "2", "", "L40"},
		{"2005-01-01", "-3", "-0.25", "", "I10X", ""},
		{"", "", "", "9", "", ""},
	}
	table := code(len(columns), rows)
	for text, want := range map[string]string{
		"anything":                                    "0123",
		"nothing":                                     "",
		"SEX is 1":                                    "0",
		"not (SEX is 1)":                              "123", // the complement keeps what is not recorded
		"SEX is not recorded":                         "2",
		"SEX is 1, not recorded":                      "02",
		"not (SEX is not recorded)":                   "013",
		"EPIDUR from 9":                               "01", // by size: as text 10 comes before 9
		"EPIDUR up to 9":                              "02",
		"STARTAGE_CALC from 0 to 9.9":                 "0",
		"ADMIDATE from 2004-04-01":                    "12",
		"ADMIDATE up to 2004-04-01":                   "01",
		"ADMIDATE from 2006-01-01 to 2004-01-01":      "",
		"DIAG_01 starts with L4":                      "0",
		"DIAG_02 is L40":                              "1",
		"DIAG_nn starts with L4":                      "01", // any slot
		"DIAG_nn is L40":                              "1",
		"DIAG_nn is not recorded":                     "3", // no slot
		"DIAG_01 is not recorded":                     "13",
		"DIAG_nn is C44, not recorded":                "03",
		"not (DIAG_nn starts with L40, L400)":         "23",
		"DIAG_nn from C to D":                         "0",
		"MARSTAT is 1":                                "", // not held: missing in every row
		"MARSTAT is not recorded":                     "0123",
		"not (OPERTN_nn from A)":                      "0123",
		"OPERTN_nn is S06, not recorded":              "0123",
		"DIAG_03 is L40 or SEX is 2 and EPIDUR is 10": "1",
		"(SEX is 1 or SEX is 2) and EPIDUR is 10":     "1",
	} {
		e, err := query.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		test, err := Compile(e, columns, table.dict)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i := range rows {
			if test.Row(table.row(i)) {
				got += fmt.Sprint(i)
			}
		}
		if got != want {
			t.Errorf("%s keeps %q, want %q", text, got, want)
		}
	}
}

// Random conditions keep the rows that the readable engine finds.
func TestRowAgreesWithMemory(t *testing.T) {
	f := drivertest.New(t)
	engine := memory.New(f.Dictionary, f.Columns, f.Records)
	defer engine.Close()
	ask := func(e query.Expr) []driver.Row {
		q := query.Query{Where: e, Limit: len(f.Records)}
		for _, c := range f.Columns {
			q.Columns = append(q.Columns, c.Name)
		}
		a, err := engine.Ask(context.Background(), driver.NewPlan(q))
		if err != nil {
			t.Fatal(err)
		}
		return a.Rows
	}
	rows := make([][]string, len(f.Records))
	for _, r := range ask(nil) {
		rows[r.ID] = r.Values
	}
	table := code(len(f.Columns), rows)
	next, some := drivertest.Conditions(f, 3), 0
	for range 400 {
		e := next()
		test, err := Compile(e, f.Columns, table.dict)
		if err != nil {
			t.Fatal(err)
		}
		want := map[int]bool{}
		for _, r := range ask(e) {
			want[int(r.ID)] = true
		}
		if len(want) > 0 && len(want) < len(rows) {
			some++
		}
		for i := range rows {
			if got := test.Row(table.row(i)); got != want[i] {
				t.Fatalf("%s: row %v is kept: %v, want %v", e, rows[i], got, want[i])
			}
		}
	}
	if some < 100 {
		t.Errorf("only %d of the conditions part the rows", some)
	}
}

func TestBeginning(t *testing.T) {
	begins := beginning([]string{"L", "C44", "L40", "C443", "C460", "C44"})
	for v, want := range map[string]bool{
		"L": true, "L400": true, "LX": true, "M": false, "K": false, "C44": true, "C449": true, "C443": true, "C45": false,
		"C46": false, "C460": true, "C4601": true, "C461": false, "C4": false, "A": false, "Z": false,
	} {
		if begins(v) != want {
			t.Errorf("%s: %v, want %v", v, !want, want)
		}
	}
	if beginning(nil)("L") {
		t.Error("no prefix matches")
	}
}

func TestRowAllocatesNothing(t *testing.T) {
	f := drivertest.New(t)
	table := code(len(f.Columns), [][]string{make([]string, len(f.Columns))})
	for _, r := range mustFind(t, "dermatology").Rules {
		test, err := Compile(query.Not{Of: r.Where}, f.Columns, table.dict)
		if err != nil {
			t.Fatal(err)
		}
		row := table.row(0)
		if n := testing.AllocsPerRun(100, func() { test.Row(row) }); n != 0 {
			t.Errorf("%s allocates %v times a row", r.ID, n)
		}
	}
}

func TestCompile(t *testing.T) {
	asked := 0
	columns := []hes.Field{{Name: "SEX"}, {Name: "MAINSPEF"}}
	test, err := Compile(query.In{Field: "SEX", Values: []string{"1"}}, columns, func(column int) []string {
		asked += 1 + 10*column
		return []string{"1"}
	})
	if err != nil || asked != 1 || !test.Row(func(int) uint32 { return 1 }) {
		t.Errorf("columns that are not mentioned are asked for: %d, %v", asked, err)
	}
	if test, err := Compile(nil, nil, nil); err != nil || !test.Row(nil) {
		t.Errorf("nil does not hold: %v", err)
	}
	for _, e := range []query.Expr{query.Not{}, query.And{nil}, query.Or{query.Never{}, query.Not{Of: query.Or{nil}}}} {
		if test, err := Compile(e, nil, nil); err == nil || test != nil || fault.Of(err) != fault.Internal {
			t.Errorf("%#v: %v", e, err)
		}
	}
}
