package view

// Values is the page of all values of one filter.
type Values struct {
	Facts
	Agreement, Purpose string
	Key, Title         string
	Find               string
	ByCode             bool
	Codes, Detail      bool // codes of a classification; each of four characters instead of its category
	Exclude, Begins    bool // as in Facet
	Back               string
	State              []Pair // the other filters
	Options            []Option
	Elsewhere          []string // chosen and not among Options
	Was                string   // as in Facet
	Says               string   // how many values are shown, and what to do if it is not all
}

// facet is the filter, for its options.
func (v Values) facet() Facet { return Facet{Key: v.Key, Title: v.Title} }
