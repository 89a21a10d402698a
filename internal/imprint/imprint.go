// Package imprint is what the public pages say of whoever runs a site, and where
// they lead outside it.
//
// A site is run by somebody whom this program cannot know. What names them is read
// from one small file; what is not in it is not set, and the pages then say
// something that holds everywhere. Nothing here is secret.
package imprint

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"webenablehes/internal/fault"
)

// FileName is what the file is called in a data folder.
const FileName = "site.json"

// Site is whoever runs a site. Every text may be empty.
type Site struct {
	Organisation string `json:"organisation"`       // that runs the site
	Controller   string `json:"controller"`         // of the personal data of those who use it
	Registration string `json:"ico_registration"`   // of the controller with the Information Commissioner
	Lead         string `json:"governance_lead"`    // name or office of the information governance lead
	LeadEmail    string `json:"governance_email"`   // by which the lead is asked
	Officer      string `json:"protection_officer"` // email of the data protection officer
	Phone        string `json:"phone"`
}

// Entry is one text of a Site.
type Entry struct{ Key, Label, Value string }

// Entries are all of a site's texts.
func (s Site) Entries() []Entry {
	return []Entry{
		{"organisation", "organisation", s.Organisation},
		{"controller", "data controller", s.Controller},
		{"ico_registration", "registration with the Information Commissioner", s.Registration},
		{"governance_lead", "information governance lead", s.Lead},
		{"governance_email", "email of the information governance lead", s.LeadEmail},
		{"protection_officer", "email of the data protection officer", s.Officer},
		{"phone", "telephone", s.Phone},
	}
}

// Unset are the labels of what is not set.
func (s Site) Unset() []string {
	var out []string
	for _, e := range s.Entries() {
		if e.Value == "" {
			out = append(out, e.Label)
		}
	}
	return out
}

// mostBytes is more than a file with all of its texts at their longest.
const mostBytes = 16 << 10

// Read reads a site's file.
func Read(path string) (Site, error) {
	f, err := os.Open(path)
	if err != nil {
		return Site{}, fault.Wrap(fault.Invalid, err, "The file that says who runs the site cannot be read")
	}
	defer f.Close()
	return decode(f)
}

// ReadFolder reads the file of a data folder; without one nothing is set.
func ReadFolder(data string) (Site, error) {
	s, err := Read(filepath.Join(data, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return Site{}, nil
	}
	return s, err
}

func decode(r io.Reader) (Site, error) {
	d := json.NewDecoder(io.LimitReader(r, mostBytes))
	d.DisallowUnknownFields()
	var s Site
	if err := d.Decode(&s); err != nil {
		return Site{}, fault.Wrap(fault.Invalid, err, "The file that says who runs the site must be JSON with the texts %s, and no others", keys())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Site{}, fault.New(fault.Invalid, "The file that says who runs the site goes on behind its end, or is too long.")
	}
	for _, e := range s.Entries() {
		mail := e.Key == "governance_email" || e.Key == "protection_officer"
		switch {
		case e.Value == "":
		case utf8.RuneCountInString(e.Value) > 200 || e.Value != strings.TrimSpace(e.Value) || strings.ContainsFunc(e.Value, func(c rune) bool { return !unicode.IsGraphic(c) || c == utf8.RuneError }):
			return Site{}, fault.New(fault.Invalid, "In the file that says who runs the site, %s must be one line of at most 200 characters.", e.Key)
		case mail && !IsEmail(e.Value):
			return Site{}, fault.New(fault.Invalid, "In the file that says who runs the site, %s must be an email address.", e.Key)
		}
	}
	return s, nil
}

func keys() string {
	var out []string
	for _, e := range (Site{}).Entries() {
		out = append(out, e.Key)
	}
	return strings.Join(out, ", ")
}

var email = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)

// IsEmail tells whether a text is an email address, of the form that all of them
// have in practice: it cannot hold a line end, a quote or a second address.
func IsEmail(text string) bool { return len(text) <= 254 && email.MatchString(text) }
