package view

// NewPassword is the form in which somebody chooses their own password.
type NewPassword struct {
	Token   string // of the link that lets them; "" on the page of their account
	Name    string // of the account
	Display string
	First   bool   // there was no password before
	Until   string // until when the link works
	Least   int    // characters
	Current bool   // the current password is asked for
	Wrong   []FormError
}

// Title heads the page.
func (c NewPassword) Title() string {
	if c.Token == "" {
		return "Change your password"
	}
	return "Choose your password"
}

// at says what is wrong with a field of the form; "" is nothing.
func (c NewPassword) at(id string) string {
	for _, e := range c.Wrong {
		if e.At == id {
			return e.Say
		}
	}
	return ""
}

// HandOver shows a link to choose a password, once, to whoever hands it over.
type HandOver struct {
	Display, Name, Link, Until, URL string
	Added                           bool // the account was added just now
	First                           bool // there is no password yet
	Sees                            bool // records, once they are named on an agreement
}
