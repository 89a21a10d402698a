package view

import (
	"strings"

	"webenablehes/internal/imprint"
)

// Public is what the pages that need no signing in know of whoever runs the site.
type Public struct {
	Site  imprint.Site
	Unset []string // what is not set of it, for staff; nil for everybody else
}

// who is who runs the site, in the middle of a sentence.
func (p Public) who() string {
	return orElse(p.Site.Organisation, "the organisation that runs this site")
}

func (p Public) controller() string { return orElse(p.Site.Controller, p.who()) }

func (p Public) lead() string { return orElse(p.Site.Lead, "the information governance lead") }

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// unset says to staff what is not set, as a list in a sentence.
func (p Public) unset() string { return strings.Join(p.Unset, ", ") }

// PublicPages are the addresses of the pages for everybody, as they stand below
// every page.
func PublicPages() []Link {
	return []Link{
		{Text: "About the system", URL: "/system", Key: "system"},
		{Text: "Information governance", URL: "/governance", Key: "governance"},
		{Text: "Ask for access", URL: "/access", Key: "access"},
		{Text: "Register of uses", URL: "/register", Key: "register"},
		{Text: "Useful links", URL: "/links", Key: "links"},
		{Text: "Leaflet", URL: "/leaflet", Key: "leaflet"},
		{Text: "Terms of use", URL: "/terms", Key: "terms"},
		{Text: "Privacy", URL: "/privacy", Key: "privacy"},
		{Text: "Accessibility statement", URL: "/accessibility", Key: "accessibility"},
		{Text: "Contact", URL: "/contact", Key: "contact"},
	}
}

// signedOutPages is the main navigation of whoever is not signed in.
func signedOutPages() []Link {
	return []Link{
		{Text: "About", URL: "/system", Key: "system"},
		{Text: "Who may use it", URL: "/governance", Key: "governance"},
		{Text: "Data dictionary", URL: "/dictionary", Key: "dictionary"},
		{Text: "Contact", URL: "/contact", Key: "contact"},
	}
}

// outside is a page outside the site by its name, for pages that name it in a
// sentence.
func outside(text string) imprint.Link {
	for _, l := range imprint.Links() {
		if l.Text == text {
			return l
		}
	}
	return imprint.Link{Text: text}
}

// ornament are the bars at the foot of the first page: a pattern, of no data.
func ornament() []Bar {
	var out []Bar
	for i := range 96 {
		out = append(out, Bar{X: itoa(i * 15), Y: itoa(100 - height(i)), H: itoa(height(i))})
	}
	return out
}

func height(i int) int { return 38 + i/3 + (i*i*7+i*11)%17 }

// Bar is a bar of the ornament.
type Bar struct{ X, Y, H string }

// Contact is the form by which anybody asks a question.
type Contact struct {
	Errors                []FormError
	Name, Email, Question FormField
}

// Messages are the questions that people sent.
type Messages struct {
	Lead            bool // may mark them as answered
	Waiting, Closed []MessageLine
}

// MessageLine is one of them.
type MessageLine struct {
	Number, Name, Email, Text, When string
	Answered                        string // when and by whom; ""
}

// Register is who uses the data for what.
type Register struct{ Uses []Use }

// Use is an agreement in the public register: nothing of persons.
type Use struct {
	Title, Organisation, Basis, State, From, Until, Sets, Years string
	Sessions, Files                                             string // how many there were, in words
	Good                                                        bool   // in force
}
