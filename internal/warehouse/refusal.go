package warehouse

import (
	"context"
	"errors"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// recordTime is the longest that recording a refusal may take.
const recordTime = 10 * time.Second

// recorded is a refusal that has been put to the access record.
type recorded struct{ why error }

func (r recorded) Error() string { return r.why.Error() }
func (r recorded) Unwrap() error { return r.why }

// Refusal says whom a page refused what, in names that the program knows: never
// in words that somebody sent.
type Refusal struct {
	Account string // "": nobody is signed in, so there is nobody to name
	Role    policy.Role
	Purpose string // agreement that the account is named on
	Page    string // pattern of the page's address
}

// Refused records that a page refused somebody before a question was put to the
// door, and returns the refusal. What the door has refused itself is recorded
// already; what is no refusal is returned as it is.
func (w *Warehouse) Refused(ctx context.Context, r Refusal, from Client, why error) error {
	if _, already := errors.AsType[recorded](why); already || fault.Of(why) != fault.Denied || r.Account == "" {
		return why
	}
	return w.recordRefusal(ctx, audit.Event{At: w.o.Now(), Kind: "page", Actor: r.Account, Role: string(r.Role), Purpose: r.Purpose,
		Question: r.Page, Address: from.Address, Request: from.Request}, why)
}

// refused records a refusal and returns it. What only went wrong is no refusal.
func (w *Warehouse) refused(ctx context.Context, acc policy.Access, a asking, why error) error {
	switch fault.Of(why) {
	case fault.Denied, fault.NotFound, fault.Gone:
	default:
		return why
	}
	if acc.Account() == "" {
		return why // nobody to name
	}
	return w.recordRefusal(ctx, w.event(acc, a, ""), why)
}

// recordRefusal returns the refusal. One that cannot be recorded is still a
// refusal. Whoever hangs up is recorded all the same.
func (w *Warehouse) recordRefusal(ctx context.Context, e audit.Event, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	e.Outcome = "refused"
	if err := w.o.Recorder.Record(ctx, e); err != nil {
		w.o.Log.Error("a refusal could not be recorded", "request", e.Request, "error", err.Error())
	}
	return recorded{why}
}
