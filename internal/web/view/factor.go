package view

import "time"

// Account is the page of one's own account.
type Account struct {
	Ends                                        string // when the access ends; "" for roles without an agreement
	Name, Display, Role, Agreement, Title, Home string
	SeesRows, SeesTables, SeesLoads, Oversees   bool
	Works                                       bool   // under agreements
	Closed                                      string // why there is no access now; ""
	Owes                                        bool   // the second factor
	HasPassword                                 bool
	App, Any                                    bool // what there is beside the password
	Passkeys, Recovery                          int
	Notices                                     []Notice
	LastNotice                                  string // number of the latest
	Devices                                     []Device
}

// Notice is something that a person is told about their own account.
type Notice struct{ At, What string }

// Device is a browser that the person is signed in with.
type Device struct {
	ID, Name, Address, Begun, Seen string
	This                           bool
}

// GiveFactor asks for a second factor.
type GiveFactor struct {
	Next, Name    string
	App, Recovery bool // what can be typed
	Passkeys      bool // can be used
	Password      bool // there is no second factor: the password is asked for again
	Error, At     string
}

// Title heads the page.
func (c GiveFactor) Title() string {
	if c.Password {
		return "Give your password again"
	}
	return "Give your second factor"
}

// Factors is the page of somebody's second factors.
type Factors struct {
	Next     string
	Needed   bool   // the account opens nothing without one
	Stale    bool   // a factor must be given before anything is changed
	Any      bool   // there is one
	App      string // since when; ""
	Recovery int
	Passkeys []Passkey
	// CanAddPasskey tells whether the site has an address for passkeys.
	CanAddPasskey bool
	Error         string
}

// Passkey is one of somebody's passkeys.
type Passkey struct{ ID, Name, Added, Used string }

// AddApp shows the secret of an authenticator app.
type AddApp struct {
	Next, Account, Secret, URI, Error string
	Picture                           Picture
}

// Picture is a QR code: how many squares wide it is, and its dark squares as a path.
type Picture struct{ Size, Path string }

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string
	Next  string
}

// Moment says a day and a time.
func Moment(t time.Time) string { return t.Format("2 January 2006, 15:04") }

// has says which second factors there are.
func has(app bool, passkeys int) string {
	switch {
	case app && passkeys > 0:
		return "An authenticator app and " + plural(passkeys, "passkey")
	case app:
		return "An authenticator app"
	}
	return plural(passkeys, "passkey")
}
