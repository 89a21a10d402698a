package auth

import (
	"context"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// How long a link to choose a password works. The first one waits until its owner
// comes to work; one that replaces a password is asked for and used at once.
const (
	firstLinkTime = 72 * time.Hour
	resetLinkTime = 15 * time.Minute
)

// NewLink makes what is in a link to choose the password of an account, and what is
// kept of it. first: the account has no password yet.
func (s *Service) NewLink(user int64, first bool) (token string, l registry.PasswordLink, err error) {
	if token, err = s.newToken(); err != nil {
		return "", l, err
	}
	now, lasts := s.o.Now(), resetLinkTime
	if first {
		lasts = firstLinkTime
	}
	return token, registry.PasswordLink{UserID: user, Hash: hashToken(token), First: first, Made: now, Until: now.Add(lasts)}, nil
}

const askAgain = "Ask the information governance lead, or whoever runs the site, for a new one."

// Link returns whose password a link lets choose. It changes nothing, so that
// looking at a link, which mail programs do too, does not use it up. A link that
// opens nothing gives an error of kind Gone, which says why and what to do.
func (s *Service) Link(ctx context.Context, token string) (registry.User, registry.PasswordLink, error) {
	l, err := s.o.Store.PasswordLink(ctx, hashToken(token))
	if fault.Of(err) == fault.NotFound {
		return registry.User{}, l, fault.New(fault.Gone, "This link is not known here. It was not copied whole, or something newer has taken its place. "+askAgain)
	}
	if err != nil {
		return registry.User{}, l, err
	}
	u, err := s.o.Store.User(ctx, l.UserID)
	switch {
	case err != nil:
		return u, l, err
	case !l.Used.IsZero():
		return u, l, fault.New(fault.Gone, "This link has been used, and works once. If you chose a password with it, sign in. If you did not, somebody else did: tell the information governance lead at once.")
	case u.Disabled:
		return u, l, fault.New(fault.Gone, "The account that this link is for is closed. Ask the information governance lead.")
	case !s.o.Now().Before(l.Until):
		return u, l, fault.New(fault.Gone, "This link ended on %s. %s", l.Until.In(s.o.Now().Location()).Format("2 January 2006 at 15:04"), askAgain)
	}
	return u, l, nil
}

// ChooseByLink keeps the password that the holder of a link chose, and signs them
// in. Second factors stay as they are: where one is owed, the session waits for it.
func (s *Service) ChooseByLink(ctx context.Context, token, password string, from From) (session string, u registry.User, err error) {
	ctx = context.WithoutCancel(ctx)
	if err := s.waits(ctx, addressLimit(from)); err != nil {
		return "", u, err
	}
	u, l, err := s.Link(ctx, token)
	if err != nil {
		return "", registry.User{}, s.refuseLink(ctx, u, from, err)
	}
	kept, err := s.Hash(ctx, u, password)
	if err != nil {
		return "", registry.User{}, err
	}
	e := s.event("password-chosen", u, from)
	e.Question = "by a link, in place of the password before"
	if l.First {
		e.Question = "by the link for a first sign-in"
	}
	err = s.carry(ctx, e, func() error { return s.o.Store.UsePasswordLink(ctx, l.Hash, kept, s.o.Now()) })
	if fault.Of(err) == fault.Conflict { // somebody else was first, or the account was closed just now
		if _, _, now := s.Link(ctx, token); now != nil {
			err = now
		}
	}
	if err != nil {
		return "", registry.User{}, err
	}
	if !l.First {
		if err := s.tell(ctx, u, "Your password was replaced by a link, from %s. If that was not you, tell the information governance lead at once.", from.Address); err != nil {
			return "", registry.User{}, err
		}
	}
	e = s.event("sign-in", u, from)
	e.Question = "link to choose a password"
	if err := s.o.Store.Record(ctx, e); err != nil {
		return "", registry.User{}, err
	}
	session, err = s.begin(ctx, u, from, "link", false)
	return session, u, err
}

// refuseLink counts and records that somebody came with a link which opens nothing;
// other errors it returns as they are.
func (s *Service) refuseLink(ctx context.Context, u registry.User, from From, why error) error {
	if fault.Of(why) != fault.Gone {
		return why
	}
	if err := s.o.Store.NoteFailure(ctx, addressLimit(from).key, s.o.Now()); err != nil {
		return err
	}
	if u.Name == "" {
		u.Name = "unknown account"
	}
	e := s.event("password-chosen", u, from)
	e.Outcome, e.Question = "refused", "by a link that opens nothing"
	if err := s.o.Store.Record(ctx, e); err != nil {
		return err
	}
	return why
}

// carry makes a change between two events: that it was begun, without which there
// is none, and how it ended.
func (s *Service) carry(ctx context.Context, e audit.Event, change func() error) error {
	e.Outcome = "begun"
	if err := s.o.Store.Record(ctx, e); err != nil {
		return audit.Unwritten(err, "nothing was changed")
	}
	err := change()
	e.At, e.Outcome = s.o.Now(), "done"
	if err != nil {
		e.Outcome = "failed"
	}
	if written := s.o.Store.Record(ctx, e); err == nil {
		err = fault.Wrap(fault.Unavailable, written, "The change was made, but the access record says only that it was begun. Make a note of it.")
	}
	return err
}

// Origin is the site's own address; "" if it was not told.
func (s *Service) Origin() string { return s.o.Origin }

// Least is how many characters a new password of an account has at least.
func (s *Service) Least(ctx context.Context, u registry.User) (int, error) {
	factor, err := s.mustGive(ctx, u)
	return least(factor), err
}
