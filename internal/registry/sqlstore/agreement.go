package sqlstore

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/removal"
)

// in runs a change in a transaction.
func (s *Store) in(ctx context.Context, what string, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return outcome(err, what)
	}
	defer tx.Rollback()
	if err := work(tx); err != nil {
		return err
	}
	return outcome(tx.Commit(), what)
}

func words(list []string) string { return strings.Join(list, " ") }

// AddAgreement keeps a new agreement.
func (s *Store) AddAgreement(ctx context.Context, a registry.Agreement) error {
	if err := registry.CheckAgreement(a); err != nil {
		return err
	}
	return s.in(ctx, "agreement", func(tx *sql.Tx) error {
		var alike int // a reference in capitals and one in small letters would be taken for each other
		if err := tx.QueryRowContext(ctx, `select count(*) from agreement where ref = ? collate nocase`, a.Ref).Scan(&alike); err != nil {
			return outcome(err, "agreement")
		}
		if alike > 0 {
			return fault.New(fault.Conflict, "There is an agreement of that reference already.")
		}
		if err := change(ctx, tx, "agreement", `insert into agreement (title, basis, organisation, from_ms, until_ms, subsets, years, fields, exports, provider, specialties, consultants, look_back, whole, exceptions, terms, revision, ref) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1,?)`,
			said(a)...); err != nil {
			return err
		}
		return putProofs(ctx, tx, a)
	})
}

// said is what an agreement says, and its reference at the end.
func said(a registry.Agreement) []any {
	return []any{a.Title, string(a.Basis), a.Organisation, millis(a.From), millis(a.Until), words(a.Subsets), words(a.Years), words(a.Fields), words(a.Exports),
		a.Provider, words(a.Specialties), words(a.Consultants), a.LookBack, a.Whole, a.Exceptions, a.Terms, a.Ref}
}

func putProofs(ctx context.Context, tx *sql.Tx, a registry.Agreement) error {
	if _, err := tx.ExecContext(ctx, `delete from proof where agreement = ?`, a.Ref); err != nil {
		return outcome(err, "proof")
	}
	for _, p := range a.Proofs {
		if err := change(ctx, tx, "proof", `insert into proof (agreement, kind, reference, from_ms, until_ms) values (?,?,?,?,?)`, a.Ref, string(p.Kind), p.Ref, millis(p.From), millis(p.Until)); err != nil {
			return err
		}
	}
	return nil
}

// AmendAgreement replaces what an agreement says. A revoked one stays as it is.
func (s *Store) AmendAgreement(ctx context.Context, was, a registry.Agreement) error {
	if err := registry.CheckAgreement(a); err != nil {
		return err
	}
	return s.in(ctx, "agreement", func(tx *sql.Tx) error {
		before, err := agreementIn(ctx, tx, a.Ref)
		if err != nil {
			return err
		}
		if !before.Revoked.IsZero() {
			return fault.New(fault.Conflict, "Agreement %s has been revoked and cannot be amended.", a.Ref)
		}
		if before.Ref != was.Ref || !reflect.DeepEqual(before, was) {
			return fault.New(fault.Conflict, "Somebody else has changed this agreement since you opened it. Open it again to see what it says now.")
		}
		revision := before.Revision
		if before.Terms != a.Terms {
			revision++
		}
		args := said(a)
		args = append(args[:len(args)-1:len(args)-1], revision, a.Ref)
		if err := change(ctx, tx, "agreement", `update agreement set title=?, basis=?, organisation=?, from_ms=?, until_ms=?, subsets=?, years=?, fields=?, exports=?, provider=?, specialties=?, consultants=?, look_back=?, whole=?, exceptions=?, terms=?, revision=? where ref=?`, args...); err != nil {
			return err
		}
		return putProofs(ctx, tx, a)
	})
}

// RevokeAgreement takes an agreement back; the first time counts.
func (s *Store) RevokeAgreement(ctx context.Context, ref, why string, at time.Time) error {
	if strings.TrimSpace(why) == "" || len(why) > 500 {
		return fault.New(fault.Invalid, "Say why the agreement is revoked, in at most 500 characters.")
	}
	return s.in(ctx, "agreement", func(tx *sql.Tx) error {
		a, err := agreementIn(ctx, tx, ref)
		if err != nil {
			return err
		}
		if !a.Revoked.IsZero() {
			return fault.New(fault.Conflict, "Agreement %s has been revoked already.", ref)
		}
		if err := change(ctx, tx, "agreement", `update agreement set revoked_ms = ?, revoked_why = ? where ref = ?`, millis(at), why, ref); err != nil {
			return err
		}
		return s.taken.Add(removal.Entry{Kind: removal.Revoked, What: ref, Also: why})
	})
}

// querier is a database or a transaction in it.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

const agreementColumns = `select ref, title, basis, organisation, from_ms, until_ms, subsets, years, fields, exports, provider, specialties, consultants, look_back, whole, exceptions, terms, revision, revoked_ms, revoked_why from agreement`

func scanAgreement(scan func(...any) error) (registry.Agreement, error) {
	var a registry.Agreement
	var basis, subsets, years, fields, exports, specialties, consultants string
	var from, until, revoked int64
	err := scan(&a.Ref, &a.Title, &basis, &a.Organisation, &from, &until, &subsets, &years, &fields, &exports, &a.Provider, &specialties, &consultants, &a.LookBack, &a.Whole, &a.Exceptions, &a.Terms, &a.Revision, &revoked, &a.RevokedWhy)
	a.Basis, a.From, a.Until, a.Revoked = policy.Basis(basis), moment(from), moment(until), moment(revoked)
	a.Subsets, a.Years, a.Fields, a.Exports, a.Specialties, a.Consultants = list(subsets), list(years), list(fields), list(exports), list(specialties), list(consultants)
	return a, outcome(err, "agreement")
}

func agreementIn(ctx context.Context, on querier, ref string) (registry.Agreement, error) {
	a, err := scanAgreement(on.QueryRowContext(ctx, agreementColumns+` where ref = ?`, ref).Scan)
	if err != nil {
		return registry.Agreement{}, err
	}
	a.Proofs, err = all(ctx, on, func(scan func(...any) error) (policy.Proof, error) {
		var p policy.Proof
		var kind string
		var from, until int64
		err := scan(&kind, &p.Ref, &from, &until)
		p.Kind, p.From, p.Until = policy.ProofKind(kind), moment(from), moment(until)
		return p, outcome(err, "proof")
	}, `select kind, reference, from_ms, until_ms from proof where agreement = ? order by kind`, ref)
	return a, err
}

// Agreement returns an agreement.
func (s *Store) Agreement(ctx context.Context, ref string) (registry.Agreement, error) {
	return agreementIn(ctx, s.db, ref)
}

// Agreements returns all agreements by reference.
func (s *Store) Agreements(ctx context.Context) ([]registry.Agreement, error) {
	out, err := all(ctx, s.db, scanAgreement, agreementColumns+` order by ref`)
	for i := range out {
		if err == nil {
			out[i], err = agreementIn(ctx, s.db, out[i].Ref)
		}
	}
	return out, err
}

// PutMember names a person on an agreement, or replaces what was said of them.
func (s *Store) PutMember(ctx context.Context, m registry.Member) error {
	u, err := s.User(ctx, m.UserID)
	if err != nil {
		return err
	}
	err = s.change(ctx, "place on the agreement", `insert into member (agreement, person, from_ms, until_ms, trained_ms, registration, sponsor, attested_ms) values (?,?,?,?,?,?,?,?)
		on conflict (agreement, person) do update set from_ms=excluded.from_ms, until_ms=excluded.until_ms, trained_ms=excluded.trained_ms, registration=excluded.registration, sponsor=excluded.sponsor, attested_ms=excluded.attested_ms`,
		m.Agreement, m.UserID, millis(m.From), millis(m.Until), millis(m.Trained), m.Registration, m.Sponsor, millis(m.Attested))
	if err != nil {
		return err
	}
	return s.taken.Add(removal.Entry{Kind: removal.Named, What: u.Name, Also: m.Agreement}) // afterwards: what is not noted stays off
}

// Attest keeps when a person confirmed the responsibility for the patients.
func (s *Store) Attest(ctx context.Context, ref string, user int64, at time.Time) error {
	return s.change(ctx, "place on the agreement", `update member set attested_ms = ? where agreement = ? and person = ?`, millis(at), ref, user)
}

// RemoveMember takes a person off an agreement.
func (s *Store) RemoveMember(ctx context.Context, ref string, user int64) error {
	u, err := s.User(ctx, user)
	if err != nil {
		return err
	}
	return s.in(ctx, "place on the agreement", func(tx *sql.Tx) error {
		if err := change(ctx, tx, "place on the agreement", `delete from member where agreement = ? and person = ?`, ref, user); err != nil {
			return err
		}
		return s.taken.Add(removal.Entry{Kind: removal.Removed, What: u.Name, Also: ref})
	})
}

const memberColumns = `select agreement, person, from_ms, until_ms, trained_ms, registration, sponsor, attested_ms from member`

func scanMember(scan func(...any) error) (registry.Member, error) {
	var m registry.Member
	var from, until, trained, attested int64
	err := scan(&m.Agreement, &m.UserID, &from, &until, &trained, &m.Registration, &m.Sponsor, &attested)
	m.From, m.Until, m.Trained, m.Attested = moment(from), moment(until), moment(trained), moment(attested)
	return m, outcome(err, "place on the agreement")
}

// Member returns a person's place on an agreement.
func (s *Store) Member(ctx context.Context, ref string, user int64) (registry.Member, error) {
	return scanMember(s.db.QueryRowContext(ctx, memberColumns+` where agreement = ? and person = ?`, ref, user).Scan)
}

// MembersOf returns who is named on an agreement.
func (s *Store) MembersOf(ctx context.Context, ref string) ([]registry.Member, error) {
	return all(ctx, s.db, scanMember, memberColumns+` where agreement = ? order by person`, ref)
}

// Memberships returns the agreements that a person is named on.
func (s *Store) Memberships(ctx context.Context, user int64) ([]registry.Member, error) {
	return all(ctx, s.db, scanMember, memberColumns+` where person = ? order by agreement`, user)
}
