package view

// Overview is where the work of those who answer for access begins.
type Overview struct {
	Lead        bool // may change agreements and accounts
	Waits       []Wait
	Unsigned    bool   // no checkpoint was made for more than a day
	People      []Pair // accounts
	Today, Week string // first days of the two spans
}

// Wait is something that may wait for somebody.
type Wait struct {
	Term, Number, Says, URL string
	Some                    bool // there is any
}
