package sqlstore

import (
	"context"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// AddProposal keeps a new proposal.
func (s *Store) AddProposal(ctx context.Context, p registry.Proposal) (int64, error) {
	r, err := s.db.ExecContext(ctx, `insert into proposal (kind, agreement, account, body, says, proposed_by, at_ms, state) values (?,?,?,?,?,?,?,?)`,
		p.Kind, p.Agreement, p.Account, p.Body, p.Says, p.By, millis(p.At), string(registry.ProposalWaiting))
	if err != nil {
		return 0, outcome(err, "proposal")
	}
	id, err := r.LastInsertId()
	return id, outcome(err, "proposal")
}

// DecideProposal keeps what became of a proposal.
func (s *Store) DecideProposal(ctx context.Context, p registry.Proposal, from registry.ProposalState) error {
	err := s.change(ctx, "proposal", `update proposal set state=?, decided_by=?, decided_ms=?, why=? where id=? and state=?`,
		string(p.State), p.DecidedBy, millis(p.Decided), p.Why, p.ID, string(from))
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.Conflict, "Somebody else has decided on this already. Look at it again.")
	}
	return err
}

const proposalColumns = `select id, kind, agreement, account, body, says, proposed_by, at_ms, state, decided_by, decided_ms, why from proposal`

func scanProposal(scan func(...any) error) (registry.Proposal, error) {
	var p registry.Proposal
	var at, decided int64
	var state string
	err := scan(&p.ID, &p.Kind, &p.Agreement, &p.Account, &p.Body, &p.Says, &p.By, &at, &state, &p.DecidedBy, &decided, &p.Why)
	p.At, p.Decided, p.State = moment(at), moment(decided), registry.ProposalState(state)
	return p, outcome(err, "proposal")
}

// Proposal returns one by its number.
func (s *Store) Proposal(ctx context.Context, id int64) (registry.Proposal, error) {
	return scanProposal(s.db.QueryRowContext(ctx, proposalColumns+` where id = ?`, id).Scan)
}

// Proposals returns all, the newest first.
func (s *Store) Proposals(ctx context.Context) ([]registry.Proposal, error) {
	return all(ctx, s.db, scanProposal, proposalColumns+` order by id desc`)
}
