package view

// ProposalsList is changes that two people must agree on.
type ProposalsList struct{ Waiting, Done []ProposalLine }

// ProposalLine is one of them.
type ProposalLine struct {
	Number, URL, What, Ref, Says, By, At, State, Decided string
	Good                                                 bool
}

// ProposalSheet is one of them, with what can be done with it.
type ProposalSheet struct {
	Line     ProposalLine
	Facts    []Fact
	Errors   []FormError
	RefURL   string // "" if there is no such agreement yet
	Own      bool   // it is one's own, and waits
	Decide   bool   // it is for whoever looks at it to decide
	ProveURL string // where they say first that it is them; \"\": they did just now
	Why      FormField
}
