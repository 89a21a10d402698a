package registry

import (
	"context"
	"time"
)

// ProposalState says what became of a proposal.
type ProposalState string

// The states; all but the first are final.
const (
	ProposalWaiting   ProposalState = "waiting"
	ProposalMade      ProposalState = "made" // somebody else consented, and the change was made
	ProposalRefused   ProposalState = "refused"
	ProposalWithdrawn ProposalState = "withdrawn"
)

// Proposal is a change that widens what somebody may see. It is made when a second
// person has consented to it, and changes nothing until then.
type Proposal struct {
	ID        int64
	Kind      string // as the event of the change: "agreement-added", "agreement-changed", "member-named"
	Agreement string // Ref
	Account   string // name of the account that it is about; "" is none
	Body      []byte // the change, see package oversight
	Says      string // the change in words
	By        string // account name, of who proposed it
	At        time.Time
	State     ProposalState
	DecidedBy string
	Decided   time.Time
	Why       string // it was refused
}

// Proposals keeps them; none is removed.
type Proposals interface {
	AddProposal(ctx context.Context, p Proposal) (id int64, err error)
	// DecideProposal keeps what became of a proposal that still is in a state; else
	// the error is of kind Conflict.
	DecideProposal(ctx context.Context, p Proposal, from ProposalState) error
	Proposal(ctx context.Context, id int64) (Proposal, error)
	Proposals(ctx context.Context) ([]Proposal, error) // the newest first
}
