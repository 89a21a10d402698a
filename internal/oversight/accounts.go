package oversight

import (
	"context"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// Link is by what somebody chooses the password of an account, once. It is shown to
// whoever asked for it, to hand it over, and kept nowhere.
type Link struct {
	Account registry.User
	Token   string
	Until   time.Time
}

// LinkPath is where on the site a link leads; its token follows.
const LinkPath = "/sign-in/link/"

// Invite keeps a new account without a password, and makes the link by which its
// owner chooses one.
func (s *Service) Invite(ctx context.Context, by By, u registry.User) (Link, error) {
	if err := s.mayAdd(ctx, by, u); err != nil {
		return Link{}, err
	}
	if u.Role == policy.Governance && !by.machine {
		return Link{}, leadsAtTheMachine()
	}
	u.Hash = ""
	token, l, err := s.o.Link(0, true)
	if err != nil {
		return Link{}, err
	}
	e := event{"user-added", "", u.Name + " as " + string(u.Role) + ", with a link to choose a password that works" + until(l.Until)}
	err = s.carry(ctx, by, e, func(ctx context.Context) error { return s.o.Store.AddInvited(ctx, u, l) })
	return Link{u, token, l.Until}, err
}

// NewLink makes a link in place of the one before, for a first password that was
// not chosen yet or in place of one that is forgotten. Second factors stay.
func (s *Service) NewLink(ctx context.Context, by By, account string) (Link, error) {
	u, err := s.subject(ctx, by, account)
	if err != nil {
		return Link{}, err
	}
	if u.Disabled {
		return Link{}, fault.New(fault.Conflict, "The account is closed. Open it again first.")
	}
	if u.Role == policy.Governance && !by.machine {
		return Link{}, leadsAtTheMachine()
	}
	token, l, err := s.o.Link(u.ID, u.Hash == "")
	if err != nil {
		return Link{}, err
	}
	err = s.carry(ctx, by, event{"password-link", "", u.Name + ", works" + until(l.Until)}, func(ctx context.Context) error {
		if err := s.o.Store.PutPasswordLink(ctx, l); err != nil || l.First {
			return err
		}
		return s.o.Store.AddNotice(ctx, u.ID, s.o.Now(), by.name+" made a link to replace your password. If you did not ask for one, tell another information governance lead.")
	})
	return Link{u, token, l.Until}, err
}

// AddAccount keeps a new account under a password, which only whoever owns the
// machine does.
func (s *Service) AddAccount(ctx context.Context, by By, u registry.User, password string) error {
	if !by.machine {
		return passwordsAtTheMachine()
	}
	if err := s.mayAdd(ctx, by, u); err != nil {
		return err
	}
	var err error
	if u.Hash, err = s.o.Hash(ctx, u, password); err != nil {
		return err
	}
	return s.carry(ctx, by, event{"user-added", "", u.Name + " as " + string(u.Role)}, func(ctx context.Context) error { return s.o.Store.AddUser(ctx, u) })
}

func (s *Service) mayAdd(ctx context.Context, by By, u registry.User) error {
	if err := by.mayChange(""); err != nil {
		return err
	}
	if err := registry.CheckUser(u); err != nil {
		return err
	}
	_, err := s.o.Store.UserByName(ctx, u.Name)
	switch {
	case err == nil:
		return fault.New(fault.Conflict, "There is an account of that name already.")
	case fault.Of(err) != fault.NotFound:
		return err
	}
	return nil
}

// leadsAtTheMachine keeps one lead from becoming two: whoever could make another
// lead, or a new password for one, could consent to what they propose themselves.
func leadsAtTheMachine() error {
	return fault.New(fault.Denied, "Accounts and links of information governance leads are made with the webenable command on the server, because two of them must agree on who sees records.")
}

func passwordsAtTheMachine() error {
	return fault.New(fault.Denied, "Passwords are given with the webenable command on the server, or chosen by a link.")
}

// SetClosed closes an account, which ends its sessions, or opens it again.
func (s *Service) SetClosed(ctx context.Context, by By, account string, closed bool) error {
	u, err := s.subject(ctx, by, account)
	if err != nil {
		return err
	}
	kind := map[bool]string{true: "user-closed", false: "user-opened"}[closed]
	return s.carry(ctx, by, event{kind, "", u.Name}, func(ctx context.Context) error { return s.o.Store.SetDisabled(ctx, u.ID, closed) })
}

// EndSessions signs a person out everywhere.
func (s *Service) EndSessions(ctx context.Context, by By, account string) error {
	u, err := s.subject(ctx, by, account)
	if err != nil {
		return err
	}
	return s.carry(ctx, by, event{"sessions-ended", "", u.Name}, func(ctx context.Context) error { return s.o.Store.EndSessionsOf(ctx, u.ID) })
}

// SetPassword gives an account a new password, which ends its sessions. Only
// whoever owns the machine does: a lead who could would sign in as anybody.
func (s *Service) SetPassword(ctx context.Context, by By, account, password string) error {
	if !by.machine {
		return passwordsAtTheMachine()
	}
	u, err := s.subject(ctx, by, account)
	if err != nil {
		return err
	}
	hash, err := s.o.Hash(ctx, u, password)
	if err != nil {
		return err
	}
	return s.carry(ctx, by, event{"password-set", "", u.Name}, func(ctx context.Context) error { return s.o.Store.SetPassword(ctx, u.ID, hash) })
}
