package auth

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/federation"
	"webenablehes/internal/registry"
)

// Elsewhere is another service that people sign in by.
type Elsewhere interface {
	Label() string
	Begin(ctx context.Context) (federation.Begun, error)
	Finish(ctx context.Context, b federation.Begun, code string) (federation.Person, error)
	Issuer() string
}

// under is a sign-in that has gone to another service.
type under struct {
	federation.Begun
	Holder []byte `json:"holder"` // hash of what the browser keeps
	Next   string `json:"next"`
}

const elsewhereTime = 10 * time.Minute

// BeginElsewhere starts a sign-in by another service. The browser goes to the
// address, and keeps the holder until it comes back.
func (s *Service) BeginElsewhere(ctx context.Context, e Elsewhere, next string, from From) (address, holder string, err error) {
	if err := s.waits(ctx, addressLimit(from)); err != nil {
		return "", "", err
	}
	b, err := e.Begin(ctx)
	if err != nil {
		return "", "", s.refuseElsewhere(ctx, from, "unknown account", err)
	}
	if holder, err = s.newToken(); err != nil {
		return "", "", err
	}
	body, err := json.Marshal(under{Begun: b, Holder: hashToken(holder), Next: next})
	if err != nil {
		return "", "", fmt.Errorf("keep sign-in: %w", err)
	}
	now := s.o.Now()
	return b.URL, holder, s.o.Store.PutPending(ctx, registry.Pending{ID: hashToken(b.State), Kind: "elsewhere", Body: body, Until: now.Add(elsewhereTime)}, now)
}

// Return is what somebody brings back from another service.
type Return struct {
	State, Holder, Code string
	Issuer              string // who the browser says that it comes from; "": it does not say
	Failed              bool   // the service signed nobody in
}

// FinishElsewhere starts a session for whom the other service says that somebody
// is, if an account is linked to that. next is where they wanted to go.
func (s *Service) FinishElsewhere(ctx context.Context, e Elsewhere, r Return, from From) (token string, u registry.User, next string, err error) {
	ctx = context.WithoutCancel(ctx)
	if err := s.waits(ctx, addressLimit(from)); err != nil {
		return "", u, "", err
	}
	u, strong, next, err := s.vouched(ctx, e, r)
	if err != nil {
		who := "unknown account"
		if u.Name != "" {
			who = u.Name
		}
		return "", registry.User{}, "", s.refuseElsewhere(ctx, from, who, err)
	}
	event := s.event("sign-in", u, from)
	event.Question = "another service"
	if err := s.o.Store.Record(ctx, event); err != nil {
		return "", u, "", err
	}
	token, err = s.begin(ctx, u, from, "oidc", strong)
	return token, u, next, err
}

// vouched finds the account. Whatever becomes of it, the state is used up.
func (s *Service) vouched(ctx context.Context, e Elsewhere, r Return) (u registry.User, strong bool, next string, err error) {
	not := func(reason string) error { return &federation.Refusal{Reason: reason} }
	p, err := s.o.Store.TakePending(ctx, hashToken(r.State), "elsewhere", s.o.Now())
	if fault.Of(err) == fault.NotFound {
		err = not("no such sign-in is under way")
	}
	if err != nil {
		return u, false, "", err
	}
	var begun under
	if err := json.Unmarshal(p.Body, &begun); err != nil {
		return u, false, "", fmt.Errorf("read sign-in: %w", err)
	}
	switch {
	case subtle.ConstantTimeCompare(begun.Holder, hashToken(r.Holder)) != 1:
		return u, false, "", not("the sign-in was begun in another browser")
	case r.Issuer != "" && r.Issuer != e.Issuer():
		return u, false, "", not("the answer is another service’s")
	case r.Failed || r.Code == "":
		return u, false, "", not("the service signed nobody in")
	}
	who, err := e.Finish(ctx, begun.Begun, r.Code)
	if err != nil {
		return u, false, "", err
	}
	u, err = s.o.Store.UserByLink(ctx, who.Issuer, who.Subject)
	switch {
	case fault.Of(err) == fault.NotFound:
		err = not("nobody here is linked to that person")
	case err == nil && u.Disabled:
		err = not("the account is closed")
	}
	return u, who.Strong, begun.Next, err
}

// refuseElsewhere counts and records a sign-in that is not believed. What is said
// of it is the same for all of them; other errors it returns as they are.
func (s *Service) refuseElsewhere(ctx context.Context, from From, who string, why error) error {
	r, ok := errors.AsType[*federation.Refusal](why)
	if !ok {
		return why
	}
	if err := s.o.Store.NoteFailure(ctx, addressLimit(from).key, s.o.Now()); err != nil {
		return err
	}
	e := s.event("sign-in", registry.User{Name: who}, from)
	e.Outcome, e.Question = "refused", "another service: "+r.Reason
	if err := s.o.Store.Record(ctx, e); err != nil {
		return err
	}
	return fault.Wrap(fault.Denied, why, "You were not signed in: the other service did not vouch for an account here. Try again, or sign in another way.")
}
