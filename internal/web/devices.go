package web

import (
	"net/http"
	"strconv"

	"webenablehes/internal/fault"
	"webenablehes/internal/web/view"
)

// account is the page of one's own account. It can always be opened: whoever owes
// a second factor, has no purpose or whose agreement has ended sees it too.
func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	a := view.Account{HasPassword: u.Hash != "", Name: u.Name, Display: u.Display, Role: u.Role.Label(), SeesLoads: u.Role.SeesLoads(), Home: home(u.Role), Works: u.SeesRecords()}
	acc, err := s.c.Auth.Access(r.Context(), u, x)
	switch k := fault.Of(err); {
	case err == nil:
		a.Role, a.Home = acc.Role().Label(), home(acc.Role())
		a.SeesRows, a.SeesTables, a.Oversees = acc.SeesRows(), acc.SeesTables(), acc.Oversees()
		a.Agreement, a.Title = acc.Agreement()
		if at, what, ok := acc.Ends(); ok {
			a.Ends, _ = view.Ending(at, what, s.c.Now())
		}
	case k == fault.Factor, k == fault.Purpose, k == fault.Denied:
		a.Closed = fault.Say(err)
		a.Owes = k == fault.Factor
	default:
		return err
	}
	f, err := s.c.Auth.Factors(r.Context(), u)
	if err != nil {
		return err
	}
	a.App, a.Passkeys, a.Recovery, a.Any = !f.App.IsZero(), len(f.Passkeys), f.Recovery, f.Any()
	told, err := s.c.Auth.Notices(r.Context(), u)
	if err != nil {
		return err
	}
	for i, n := range told {
		if i == 0 {
			a.LastNotice = strconv.FormatInt(n.ID, 10)
		}
		a.Notices = append(a.Notices, view.Notice{At: view.Moment(n.At), What: n.What})
	}
	devices, err := s.c.Auth.Devices(r.Context(), u, x)
	if err != nil {
		return err
	}
	for _, d := range devices {
		a.Devices = append(a.Devices, view.Device{ID: d.ID, Name: d.Name, Address: d.Address, Begun: view.Moment(d.Begun), Seen: view.Moment(d.Seen), This: d.This})
	}
	frame := s.frame(r, "Your account", "account")
	frame.Notices = 0 // they are on this page
	return s.show(w, r, http.StatusOK, view.AccountPage(frame, a))
}

// readNotices forgets the notices that were shown.
func (s *Server) readNotices(w http.ResponseWriter, r *http.Request) error {
	u, _, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	last, err := strconv.ParseInt(in.Get("last"), 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, unreadable)
	}
	if err := s.c.Auth.ReadNotices(r.Context(), u, last); err != nil {
		return err
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

// endSessions ends one of somebody's own sessions, or all but this one.
func (s *Server) endSessions(w http.ResponseWriter, r *http.Request) error {
	u, x, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	if in.Has("others") {
		err = s.c.Auth.EndOtherDevices(r.Context(), u, x, s.from(r))
	} else {
		err = s.c.Auth.EndDevice(r.Context(), u, in.Get("id"), s.from(r))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/account#sessions", http.StatusSeeOther)
	return nil
}

// signInRoutes is every page about one's own account and signing in to it.
func (s *Server) signInRoutes() map[string]handler {
	return map[string]handler{
		"GET /sign-in":                      s.signInForm,
		"POST /sign-in":                     s.signIn,
		"POST /sign-in/passkey/begin":       s.beginPasskeySignIn,
		"POST /sign-in/passkey":             s.passkeySignIn,
		"GET /sign-in/elsewhere":            s.goElsewhere,
		"GET /sign-in/elsewhere/return":     s.comeBack,
		"GET /sign-in/link/{token}":         s.linkForm,
		"POST /sign-in/link":                s.chooseByLink,
		"POST /sign-out":                    s.signOut,
		"GET /second-factor":                s.factorForm,
		"POST /second-factor":               s.giveFactor,
		"POST /second-factor/passkey/begin": s.beginGivingPasskey,
		"POST /second-factor/passkey":       s.givePasskey,
		"GET /account":                      s.account,
		"POST /account/notices":             s.readNotices,
		"POST /account/sessions":            s.endSessions,
		"GET /account/password":             s.passwordForm,
		"POST /account/password":            s.changePassword,
		"GET /account/second-factor":        s.factors,
		"GET /account/app":                  s.appForm,
		"POST /account/app":                 s.beginApp,
		"POST /account/app/code":            s.confirmApp,
		"POST /account/app/remove":          s.removeApp,
		"POST /account/codes":               s.newCodes,
		"POST /account/passkeys/begin":      s.beginPasskey,
		"POST /account/passkeys":            s.addPasskey,
		"POST /account/passkeys/remove":     s.removePasskey,
	}
}
