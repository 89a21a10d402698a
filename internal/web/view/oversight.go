package view

// FormField is a field of a form with what was typed and what is wrong with it.
type FormField struct {
	Name, Label, Hint string
	Value, Error      string
	Long              bool   // several lines
	Short             bool   // a code or a day
	Complete          string // autocomplete; "" is off
}

func (f FormField) complete() string {
	if f.Complete == "" {
		return "off"
	}
	return f.Complete
}

// described names what explains a field.
func (f FormField) described() string {
	switch {
	case f.Hint != "" && f.Error != "":
		return f.Name + "-hint " + f.Name + "-wrong"
	case f.Hint != "":
		return f.Name + "-hint"
	case f.Error != "":
		return f.Name + "-wrong"
	}
	return ""
}

// FormError is something wrong with a form; At is the id of the field, "" for the
// form as a whole.
type FormError struct{ At, Say string }

// Box is a tick box or a choice.
type Box struct {
	Name, Value, Label string
	On                 bool
}

// nothingIf says that there is nothing where nothing stands.
func nothingIf(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// AgreementsList is all agreements.
type AgreementsList struct {
	Lead  bool // may change them
	Lines []AgreementLine
	Soon  []SoonLine
}

// AgreementLine is an agreement in a list.
type AgreementLine struct {
	Ref, Title, URL, Basis, Organisation, Ends, State string
	Good                                              bool // in force
	Lacks                                             string
	Lacking                                           string // how many people lack something; ""
	People                                            string
}

// SoonLine is something that ends soon.
type SoonLine struct{ When, In, What, Who, WhoURL, Ref, URL string }

// AgreementSheet is one agreement.
type AgreementSheet struct {
	Ref, Title, State                    string
	Good, Lead                           bool
	Lacks                                []string
	Revoked                              string // when and why; ""
	Known                                []Fact
	Proofs                               []ProofLine
	Terms                                string
	Named                                []PlaceLine
	Clinical                             bool
	AmendURL, RevokeURL, NameURL, PostTo string
	EventsURL                            string // of the access record
	Said                                 string // what was just done; ""
}

// ProofLine is evidence on file, or that there is none.
type ProofLine struct {
	Label, Ref, From, Until string
	Needed                  bool
	State                   string // "on file", "missing", "ended", "not yet"
	Good                    bool
}

// PlaceLine is a person on an agreement.
type PlaceLine struct {
	Name, Display, URL, From, Until, Trained, Registration, Sponsor, Confirmed, Ends, Lacks string
}

// AgreementForm adds or amends an agreement.
type AgreementForm struct {
	Title, Action, Back  string
	Ref                  string // of the one that is amended; "" for a new one
	Version              string // of what the form was made from
	Errors               []FormError
	Begin, Team, Further []FormField
	Bases                []Box
	BasisError           string
	Ticks                []Box // of clinical teams
	TicksError           string
	Exports              []Box
	ExportsError         string
	Proofs               []ProofFields
}

// ProofFields are the fields of one kind of evidence.
type ProofFields struct {
	Label, For string
	Fields     []FormField
	Error      string
	At         string
}

// RevokeForm takes an agreement back.
type RevokeForm struct {
	Ref, Title, Action, Back string
	Errors                   []FormError
	Why                      FormField
	Named                    string // how many people lose it, in words
}

// PlaceForm names a person on an agreement.
type PlaceForm struct {
	Heading, Ref, Title, Action, Back string
	Errors                            []FormError
	Choose                            []Box // accounts that may be named; none when a person's place is changed
	ChooseError                       string
	Person                            string // account; "" when one is to be chosen
	Version                           string // of what the form was made from; "" for a new place
	Fields                            []FormField
	TakeOff                           string // address; "" for a new place
	Nobody                            bool   // there is nobody to name
}

// PeopleList is all accounts.
type PeopleList struct {
	Lead  bool
	Lines []PersonLine
}

// PersonLine is an account in a list.
type PersonLine struct {
	Name, Display, URL, Role, State, Seen string
	Open                                  bool
	Agreements                            []Link
}

// PersonSheet is one account.
type PersonSheet struct {
	Leads bool // it is a lead's: links for it are made on the server
	PersonLine
	Lead, Own bool
	Said      string // what was just done; ""
	Action    string
	Saw       []Link // to what the record holds of the person
	Places    []OwnPlace
	Sees      bool   // records, under an agreement
	Chosen    bool   // a password
	Link      string // how the link to choose a password stands; ""
}

// OwnPlace is an agreement on which a person is named.
type OwnPlace struct {
	Ref, Title, URL, State, Ends, Lacks, ChangeURL string
	Good                                           bool
}

// PersonForm adds an account.
type PersonForm struct {
	Errors    []FormError
	Fields    []FormField
	Roles     []Box
	RoleError string
}
