package auth

import (
	"context"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// An authenticator app shares a secret with the site (totp.go has what both make of
// it). The secret is kept sealed for its account, and while the app is being added
// as something pending.

func appFor(user int64) string { return fmt.Sprintf("authenticator app of %d", user) }

func pendingApp(user int64) []byte { return hashToken("app " + appFor(user)) }

// BeginApp makes the secret of an authenticator app, which counts when a code of
// it was given.
func (s *Service) BeginApp(ctx context.Context, token string) error {
	u, _, err := s.changing(ctx, token)
	if err != nil {
		return err
	}
	secret, err := s.random(20)
	if err != nil {
		return err
	}
	now := s.o.Now()
	return s.o.Store.PutPending(ctx, registry.Pending{ID: pendingApp(u.ID), Kind: "app", UserID: u.ID, Body: s.seal(secret, appFor(u.ID)), Until: now.Add(enrolTime)}, now)
}

// AppSecret is the secret of an app that is being added.
type AppSecret struct {
	Text string // in letters and digits, four by four
	URI  string // what the picture says to the app
}

func (s *Service) pendingSecret(ctx context.Context, u registry.User) ([]byte, error) {
	p, err := s.o.Store.Pending(ctx, pendingApp(u.ID), "app", s.o.Now())
	if fault.Of(err) == fault.NotFound || err == nil && s.sealer == nil {
		return nil, fault.New(fault.Gone, "Setting up the app took too long. Begin again.")
	}
	if err != nil {
		return nil, err
	}
	return s.unseal(p.Body, appFor(u.ID))
}

// PendingApp returns the secret of an app that is being added; without one the
// error is of kind Gone.
func (s *Service) PendingApp(ctx context.Context, u registry.User) (AppSecret, error) {
	secret, err := s.pendingSecret(ctx, u)
	if err != nil {
		return AppSecret{}, err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	q := url.Values{"secret": {text}, "issuer": {"WebEnable HES"}}
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/WebEnable HES:" + u.Name, RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")}
	return AppSecret{Text: inGroups(text, 4, " "), URI: uri.String()}, nil
}

func inGroups(text string, n int, between string) string {
	var parts []string
	for ; len(text) > n; text = text[n:] {
		parts = append(parts, text[:n])
	}
	return strings.Join(append(parts, text), between)
}

// ConfirmApp adds the app, if the code is of its secret. It returns the session's
// new token, and the recovery codes if there were none: they are shown only now.
func (s *Service) ConfirmApp(ctx context.Context, token, typed string, from From) (fresh string, codes []string, err error) {
	u, x, err := s.changing(ctx, token)
	if err != nil {
		return "", nil, err
	}
	secret, err := s.pendingSecret(ctx, u)
	if err != nil {
		return "", nil, err
	}
	now := s.o.Now()
	step, ok := matches(secret, squeeze(typed), now)
	if !ok {
		return "", nil, fault.New(fault.Denied, "That is not the code which the app shows now. Check that the clock of your phone is right.")
	}
	if _, err := s.o.Store.TakePending(ctx, pendingApp(u.ID), "app", now); err != nil {
		return "", nil, err
	}
	if err := s.changed(ctx, u, from, "factor-added", "authenticator app"); err != nil {
		return "", nil, err
	}
	if err := s.o.Store.PutApp(ctx, registry.App{UserID: u.ID, Secret: s.seal(secret, appFor(u.ID)), Added: now, LastStep: step}); err != nil {
		return "", nil, err
	}
	if codes, err = s.firstCodes(ctx, u); err != nil {
		return "", nil, err
	}
	fresh, err = s.given(ctx, x, "totp")
	return fresh, codes, err
}

// RemoveApp takes the authenticator app off an account.
func (s *Service) RemoveApp(ctx context.Context, token string, from From) error {
	u, _, err := s.changing(ctx, token)
	if err != nil {
		return err
	}
	f, err := s.Factors(ctx, u)
	if err != nil {
		return err
	}
	if f.App.IsZero() {
		return fault.New(fault.Gone, "There is no authenticator app on this account.")
	}
	f.App = time.Time{}
	return s.removed(ctx, u, f, from, "authenticator app", func() error { return s.o.Store.RemoveApp(ctx, u.ID) })
}
