package oversight

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// FirstPassword makes a password to be handed over once.
func (s *Service) FirstPassword() (string, error) {
	raw := make([]byte, 13) // 100 bits and a little
	if _, err := io.ReadFull(s.o.Random, raw); err != nil {
		return "", fmt.Errorf("make password: %w", err)
	}
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))[:20]
	return text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:], nil
}

// AddAccount keeps a new account under a password.
func (s *Service) AddAccount(ctx context.Context, by By, u registry.User, password string) error {
	if err := by.mayChange(""); err != nil {
		return err
	}
	if err := registry.CheckUser(u); err != nil {
		return err
	}
	switch _, err := s.o.Store.UserByName(ctx, u.Name); {
	case err == nil:
		return fault.New(fault.Conflict, "There is an account of that name already.")
	case fault.Of(err) != fault.NotFound:
		return err
	}
	var err error
	if u.Hash, err = s.o.Hash(ctx, u, password); err != nil {
		return err
	}
	return s.carry(ctx, by, event{"user-added", "", u.Name + " as " + string(u.Role)}, func(ctx context.Context) error { return s.o.Store.AddUser(ctx, u) })
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
		return fault.New(fault.Denied, "New passwords are given with the webenable command on the server.")
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
