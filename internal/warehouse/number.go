package warehouse

import (
	"context"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// longestNumber is longer than any hospital's own patient number.
const longestNumber = 40

// HoldsNumbers tells whether the release that is served holds the hospitals' own
// patient numbers.
func (f Facts) HoldsNumbers() bool { return slices.Contains(f.Columns, policy.NumberField) }

// NeedNumbers says what to do where the release holds none; nil: it does.
func (f Facts) NeedNumbers() error {
	if f.HoldsNumbers() {
		return nil
	}
	return fault.New(fault.Unavailable, "The data that are loaded hold no local patient numbers, so nobody can be found by one. Ask the data manager.")
}

// ByNumber finds a patient of the team by the number under which their own
// provider knows them, and returns the id for Patient. Somebody else's number is
// answered like one that nobody has, after the same work. The number goes into no
// record, log or error.
func (w *Warehouse) ByNumber(ctx context.Context, acc policy.Access, number string, from Client) (string, error) {
	return w.numbered(ctx, acc, asking{kind: "patient", scope: policy.Scope{Number: number}, client: from, words: "a patient of the team by local number"},
		"There is no such patient among yours.")
}

// Except finds a patient of the own provider, of the team or not, for an
// exception. The id opens nothing until an exception with it is in the evidence.
func (w *Warehouse) Except(ctx context.Context, acc policy.Access, number string, from Client) (string, error) {
	return w.numbered(ctx, acc, asking{kind: "exception", scope: policy.Scope{Number: number, Beyond: true}, client: from, words: "a patient of the provider by local number, as an exception"},
		"No patient of your trust has this number in these data.")
}

func (w *Warehouse) numbered(ctx context.Context, acc policy.Access, a asking, nobody string) (string, error) {
	a.scope.Number = strings.TrimSpace(a.scope.Number)
	if a.scope.Number == "" || len(a.scope.Number) > longestNumber {
		return "", fault.New(fault.Invalid, "Give the number under which your hospital knows the patient, at most %d characters.", longestNumber)
	}
	facts, err := w.Facts(ctx)
	if err != nil {
		return "", err
	}
	if err := facts.NeedNumbers(); err != nil && acc.FindsByNumber() {
		return "", err
	}
	a.query = query.Query{Unit: query.Patients, Limit: 2}
	got, err := w.ask(ctx, acc, a, func(_ context.Context, got *asked) error {
		switch rows := got.raw.Rows; {
		case len(rows) == 0 || rows[0].Person == driver.NoPerson:
			return fault.New(fault.NotFound, "%s", nobody)
		case len(rows) > 1:
			return fault.New(fault.NotFound, "More than one patient has this number, so it opens none. Ask the data manager.")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return got.keys.seal(patientID, uint32(got.raw.Rows[0].Person), 0), nil
}

// excepted looks for an episode that the team does not see among the patients who
// are open as exceptions. It goes on with the rule under which it is found.
func (w *Warehouse) excepted(ctx context.Context, acc policy.Access, a asking, plan driver.Plan, got *asked) error {
	for _, x := range acc.Excepted(w.o.Now()) {
		n, err := got.keys.unseal(patientID, x.Patient, 0)
		if err != nil {
			continue // of an earlier release
		}
		scope := a.scope
		scope.Patient = x.Patient
		guard, err := acc.Narrow(a.query, scope, got.facts.Over(), w.o.Dictionary, w.o.Now())
		if err != nil {
			return w.refused(ctx, acc, a, err)
		}
		plan.Guard, plan.People = guard, []driver.PersonID{driver.PersonID(n)}
		raw, err := got.engine.Ask(ctx, plan)
		if err != nil {
			return w.failed(ctx, err)
		}
		if len(raw.Rows) > 0 {
			got.raw, got.guard = raw, guard
			return nil
		}
	}
	return nil
}
