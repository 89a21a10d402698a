package oversight

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// shortestReason is what makes somebody say more than “urgent”.
const shortestReason = 20

// CheckReason says what is wrong with the reason for an exception.
func CheckReason(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < shortestReason || n > 500 {
		return fault.New(fault.Invalid, "Say why, in %d to 500 characters.", shortestReason)
	}
	return nil
}

// Except opens one patient outside the team for a short time. It is kept, and in
// the record, before find looks for the patient, so that an exception that finds
// nobody is reviewed too. It returns the id that find found.
func (s *Service) Except(ctx context.Context, u registry.User, acc policy.Access, reason, address, request string, find func(context.Context) (string, error)) (patient string, err error) {
	if err := acc.MayExcept(); err != nil {
		return "", err
	}
	if err := CheckReason(reason); err != nil {
		return "", err
	}
	ref, _ := acc.Agreement()
	by := Person(u, address, request)
	by.role = acc.Role()
	err = s.carry(ctx, by, event{"exception", acc.Purpose(), "one patient outside the team; the reason is kept for the review"}, func(ctx context.Context) error {
		id, err := s.o.Store.AddException(ctx, registry.Exception{UserID: u.ID, Agreement: ref, Asked: s.o.Now(), Reason: strings.TrimSpace(reason)})
		if err != nil {
			return err
		}
		if patient, err = find(ctx); err != nil {
			return err
		}
		return s.o.Store.OpenException(ctx, id, patient, s.o.Now().Add(policy.ExceptionLasts))
	})
	return patient, err
}

// Review marks an exception as reviewed.
func (s *Service) Review(ctx context.Context, by By, id int64) error {
	x, err := s.o.Store.Exception(ctx, id)
	if err != nil {
		return err
	}
	u, err := s.o.Store.User(ctx, x.UserID)
	if err != nil {
		return err
	}
	if err := by.mayChange(u.Name); err != nil {
		return err
	}
	if !x.Reviewed.IsZero() {
		return fault.New(fault.Conflict, "This exception has been reviewed already.")
	}
	return s.carry(ctx, by, event{"exception-reviewed", x.Agreement, fmt.Sprintf("exception %d by %s", id, u.Name)}, func(ctx context.Context) error { return s.o.Store.ReviewException(ctx, id, by.name, s.o.Now()) })
}
