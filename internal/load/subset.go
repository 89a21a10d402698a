package load

import (
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// skinDiagnoses are the diagnoses that make an episode one of dermatology: the
// skin chapter, skin cancers and their forerunners, moles, benign skin tumours,
// inborn skin disease, infections and infestations of the skin.
const skinDiagnoses = "L C43 C44 C460 C840 C841 D03 D04 D17 D18 D22 D23 Q80 Q81 Q82 B00 B01 B02 B03 B04 B05 B06 B07 B08 B09 B35 B36 B85 B86 B87 B88 A46"

// subset returns the condition of a named subset; nil keeps every row.
//
// Dermatology is the union of three views that differ: care under the
// specialty, a skin diagnosis in first place, and a skin procedure (OPCS-4
// chapter S) in any place. Most skin cancer surgery is under plastic surgery and
// would be lost by the specialty alone.
func subset(name string) (query.Expr, error) {
	switch name {
	case "all":
		return nil, nil
	case "dermatology":
		return query.Or{
			query.In{Field: "MAINSPEF", Values: []string{"330"}},
			query.In{Field: "TRETSPEF", Values: []string{"330", "257"}},
			query.Prefix{Field: hes.MainDiagnosis, Prefixes: strings.Fields(skinDiagnoses)},
			query.Range{Field: hes.AnyProcedure, From: "S01", To: "S70~"},
		}, nil
	}
	return nil, fault.New(fault.Invalid, "There is no subset of that name; choose dermatology or all.")
}

// chooser evaluates a subset on a row of a batch.
type chooser struct {
	tests []func(value func(column int) []byte) bool
	all   bool
}

// newChooser prepares an Or of simple conditions over the columns of a load.
func newChooser(e query.Expr, columns []hes.Field) chooser {
	if e == nil {
		return chooser{all: true}
	}
	var c chooser
	for _, part := range e.(query.Or) {
		name := query.Fields(part)[0]
		for i, f := range columns {
			if f.Name == name || f.Family == name {
				c.tests = append(c.tests, func(value func(int) []byte) bool { return meets(part, value(i)) })
			}
		}
	}
	return c
}

func (c chooser) wants(value func(column int) []byte) bool {
	if c.all {
		return true
	}
	for _, test := range c.tests {
		if test(value) {
			return true
		}
	}
	return false
}

func meets(e query.Expr, v []byte) bool {
	if len(v) == 0 {
		return false
	}
	switch e := e.(type) {
	case query.In:
		for _, want := range e.Values {
			if string(v) == want {
				return true
			}
		}
	case query.Prefix:
		for _, p := range e.Prefixes {
			if len(v) >= len(p) && string(v[:len(p)]) == p {
				return true
			}
		}
	case query.Range:
		return string(v) >= e.From && string(v) <= e.To
	}
	return false
}
