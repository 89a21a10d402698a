package policy_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/query"
)

var update = flag.Bool("update", false, "write the table of decisions into testdata; read every change before you commit it")

const decisionsFile = "testdata/decisions.txt"

// decisionsHead explains the table to whoever reviews it.
const decisionsHead = `Who may ask what, when: %d decisions
=====================================

A block is a role, and the basis of the agreement that the person works under.
A line is a moment, in days from the end of the agreement, which lasts a year.
Its columns are what is asked for, and in each a letter for a field that the
question shows, by the field's class, once not listed in the agreement and once
listed:

    pP public   oO ordinary   qQ quasi-identifying   sS sensitive   xX prohibited

    Y  answered
    -  there is no access at all: nothing is shown
    f  the field is not covered
    u  the role does not see this unit
    s  nobody is signed in

`

// Every role on every basis, before, during and after the agreement, for each
// class of field, listed or not, in each sort of question, beside a table that is
// read like code. After a change: go test ./internal/policy -run Decisions -update
func TestDecisions(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[hes.Class]hes.Field{}
	for _, f := range d.Fields() {
		if _, ok := fields[f.Class]; !ok && !f.List() && f.Name != hes.PersonField && f.AliasOf == "" {
			fields[f.Class] = f
		}
	}
	classes := []hes.Class{hes.Public, hes.Ordinary, hes.Quasi, hes.Sensitive, hes.Prohibited}
	if len(fields) < len(classes) {
		t.Fatalf("the dictionary has fields of %d classes", len(fields))
	}
	asks := []struct {
		name  string
		query func(field string) query.Query
		scope policy.Scope
	}{
		{"episodes", func(f string) query.Query { return query.Query{Limit: 50, Columns: []string{f}} }, policy.Scope{}},
		{"patients", func(f string) query.Query {
			return query.Query{Unit: query.Patients, Limit: 50, Columns: []string{f}}
		}, policy.Scope{}},
		{"a patient", func(f string) query.Query { return query.Query{Limit: 50, Columns: []string{f}} }, policy.Scope{OnePerson: true}},
		{"an episode", func(f string) query.Query { return query.Query{Limit: 1, Columns: []string{f}} }, policy.Scope{OneEpisode: true}},
		{"counts", func(f string) query.Query {
			return query.Query{Counts: true, Facets: []query.Facet{{Field: f}}}
		}, policy.Scope{}},
	}
	days := []int{-366, -365, -91, -31, -8, -1, 0, 1}
	var body strings.Builder
	cells := 0
	for _, role := range append(policy.Roles(), "") {
		for _, basis := range append([]policy.Basis{""}, policy.Bases()...) {
			fmt.Fprintf(&body, "%s, %s\n  days ", cmp.Or(string(role), "no role"), cmp.Or(string(basis), "no agreement"))
			for _, a := range asks {
				fmt.Fprintf(&body, "  %-10s", a.name)
			}
			body.WriteString("\n       " + strings.Repeat("  pPoOqQsSxX", len(asks)) + "\n")
			for _, day := range days {
				fmt.Fprintf(&body, "  %4d ", day)
				for _, a := range asks {
					body.WriteString("  ")
					for _, class := range classes {
						for _, listed := range [...]bool{false, true} {
							body.WriteByte(decide(d, role, basis, day, fields[class].Name, listed, a.query(fields[class].Name), a.scope))
							cells++
						}
					}
				}
				body.WriteByte('\n')
			}
			body.WriteByte('\n')
		}
	}
	if cells < 10_000 {
		t.Errorf("only %d decisions", cells)
	}
	got := fmt.Sprintf(decisionsHead, cells) + body.String()
	if *update {
		if err := os.WriteFile(decisionsFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(decisionsFile)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	block := ""
	for i := range max(len(wantLines), len(gotLines)) {
		var w, g string
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if g != "" && g[0] != ' ' {
			block = g
		}
		if w != g {
			t.Errorf("%s, line %d:\n- %s\n+ %s", block, i+1, w, g)
		}
	}
}

// decide answers one cell: days from the end of an agreement of a year.
func decide(d *hes.Dictionary, role policy.Role, basis policy.Basis, day int, field string, listed bool, q query.Query, s policy.Scope) byte {
	end := noon
	now := end.AddDate(0, 0, day)
	e := policy.Evidence{Account: "ana", Role: role}
	if basis != "" {
		e.Basis, e.From, e.Until, e.Years = basis, end.AddDate(0, 0, -365), end, []string{"0809"}
		e.Proofs, e.Member = policytest.Proofs(basis, end.AddDate(-1, 0, 0)), policytest.Member(now)
		e.Member.From = end.AddDate(-2, 0, 0)
		if basis == policy.Clinical {
			e.Provider, e.Specialties = "RAL", []string{"330"}
		}
		if listed {
			e.Fields = []string{field}
		}
		e = policytest.Complete(e, now)
	}
	a, err := policy.New(e, now)
	if err != nil {
		return '-'
	}
	_, err = a.Narrow(q, s, policy.Over{Subset: policytest.Subset, Last: "2009-03-31"}, d, now.Add(time.Millisecond/2))
	switch say := fault.Say(err); {
	case err == nil:
		return 'Y'
	case fault.Of(err) == fault.SignIn:
		return 's'
	case strings.HasPrefix(say, "The field"):
		return 'f'
	}
	return 'u'
}
