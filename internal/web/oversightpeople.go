package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// namePerson puts somebody on an agreement, or changes what is on file of them.
func (s *Server) namePerson(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	a, err := s.oversight.Agreement(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	in := url.Values{"from": {s.written(s.c.Now().Truncate(time.Minute), false)}}
	if r.Method == http.MethodGet {
		name := r.URL.Query().Get("person")
		if i := slices.IndexFunc(a.People, func(p oversight.Place) bool { return p.User.Name == name }); i >= 0 {
			m := a.People[i].Member
			in = url.Values{"person": {name}, "from": {s.written(m.From, false)}, "until": {s.written(m.Until, true)}, "trained": {s.written(m.Trained, false)}, "registration": {m.Registration}, "sponsor": {m.Sponsor}, "version": {oversight.PlaceVersion(m)}}
		}
		return s.placeForm(w, r, http.StatusOK, a, in, nil)
	}
	if err := v.form(w, r, 1<<14, unreadable); err != nil {
		return err
	}
	in = r.PostForm
	m, wrong := s.readPlace(a.Agreement, in)
	if len(wrong) == 0 {
		got, err := s.oversight.Name(r.Context(), v.by(), in.Get("person"), m, in.Get("version"))
		switch fault.Of(err) {
		case fault.Conflict:
			return s.placeForm(w, r, http.StatusConflict, a, in, []registry.Problem{{Say: fault.Say(err)}})
		case fault.NotFound, fault.Invalid:
			wrong = []registry.Problem{{At: "person", Say: fault.Say(err)}}
		default:
			if err != nil {
				return err
			}
			http.Redirect(w, r, afterGrant(got, agreementURL(a.Agreement.Ref, "")+"?named="+url.QueryEscape(in.Get("person"))), http.StatusSeeOther)
			return nil
		}
	}
	return s.placeForm(w, r, http.StatusBadRequest, a, in, wrong)
}

// readPlace reads the form.
func (s *Server) readPlace(a registry.Agreement, in url.Values) (registry.Member, []registry.Problem) {
	m := registry.Member{Agreement: a.Ref, Registration: strings.TrimSpace(in.Get("registration")), Sponsor: strings.TrimSpace(in.Get("sponsor"))}
	var wrong []registry.Problem
	if in.Get("person") == "" {
		wrong = append(wrong, registry.Problem{At: "person", Say: "Choose the person."})
	}
	now := s.c.Now()
	for _, x := range [...]struct {
		key    string
		last   bool
		needed string
		into   *time.Time
	}{{"from", false, "Say from when the person is named.", &m.From}, {"until", true, "", &m.Until}, {"trained", false, "Give the day of the last training in data security.", &m.Trained}} {
		text := strings.TrimSpace(in.Get(x.key))
		if text == "" {
			if x.needed != "" {
				wrong = append(wrong, registry.Problem{At: x.key, Say: x.needed})
			}
			continue
		}
		t, err := oversight.Moment(text, now.Location(), x.last)
		switch {
		case err != nil:
			wrong = append(wrong, registry.Problem{At: x.key, Say: fault.Say(err)})
		case x.key == "trained" && t.After(now):
			wrong = append(wrong, registry.Problem{At: x.key, Say: "This day has not come yet."})
		}
		*x.into = t
	}
	if len(wrong) == 0 {
		wrong = registry.MemberProblems(m)
	}
	return m, wrong
}

func (s *Server) placeForm(w http.ResponseWriter, r *http.Request, status int, a oversight.Standing, in url.Values, wrong []registry.Problem) error {
	f := newForm(in, wrong)
	ref := a.Agreement.Ref
	x := view.PlaceForm{Heading: "Name a person", Ref: ref, Title: a.Agreement.Title, Action: agreementURL(ref, "person"), Back: agreementURL(ref, ""), Errors: f.summary(), ChooseError: f.say("person")}
	name := in.Get("person")
	x.Version = in.Get("version")
	if i := slices.IndexFunc(a.People, func(p oversight.Place) bool { return p.User.Name == name }); i >= 0 {
		x.Heading, x.Person, x.TakeOff = a.People[i].User.Display, name, agreementURL(ref, "take-off")
	} else {
		may, err := s.oversight.MayBeNamed(r.Context(), a)
		if err != nil {
			return err
		}
		x.Nobody = len(may) == 0
		for _, u := range may {
			x.Choose = append(x.Choose, view.Box{Value: u.Name, Label: u.Display + " (" + u.Name + "), " + strings.ToLower(u.Role.Label()), On: u.Name == name})
		}
	}
	x.Fields = []view.FormField{
		f.short("from", "Named from", whenHint),
		f.short("until", "Named until", "The last day. For three months: "+s.written(s.c.Now().AddDate(0, 3, 0).Truncate(24*time.Hour), false)+". Empty: as long as the agreement"),
		f.short("trained", "Last training in data security", "The day of it. It lasts a year"),
	}
	if a.Agreement.Basis == policy.Clinical {
		x.Fields = append(x.Fields,
			f.short("registration", "Professional registration", "Number in the register, such as C7654321"),
			f.field("sponsor", "Sponsor at the trust", "Who vouches for the person. The person confirms the responsibility for the patients before seeing anything, and again every 90 days"))
	}
	return s.show(w, r, status, view.PlacePage(s.frame(r, titled(x.Heading, wrong), "agreements"), x))
}

// takeOff takes somebody off an agreement.
func (s *Server) takeOff(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	if err := v.form(w, r, 1<<14, unreadable); err != nil {
		return err
	}
	ref := r.PathValue("ref")
	switch err := s.oversight.TakeOff(r.Context(), v.by(), r.PostForm.Get("person"), ref); {
	case fault.Of(err) == fault.NotFound:
		return fault.New(fault.Invalid, "This person is not named on the agreement, or not any more.")
	case err != nil:
		return err
	}
	http.Redirect(w, r, agreementURL(ref, ""), http.StatusSeeOther)
	return nil
}

// personLine says what is known of an account.
func (s *Server) personLine(r *http.Request, u registry.User, seen map[int64]time.Time) (view.PersonLine, error) {
	x := view.PersonLine{Name: u.Name, Display: u.Display, URL: personURL(u.Name), Role: u.Role.Label(), State: "open", Open: !u.Disabled, Seen: "Never"}
	if u.Disabled {
		x.State = "closed"
	}
	if at, ok := seen[u.ID]; ok {
		x.Seen = at.In(s.c.Now().Location()).Format("02/01/2006 15:04")
	}
	places, err := s.c.Store.Memberships(r.Context(), u.ID)
	for _, m := range places {
		x.Agreements = append(x.Agreements, view.Link{Text: m.Agreement, URL: agreementURL(m.Agreement, "")})
	}
	return x, err
}

// accounts is the list of all of them.
func (s *Server) accounts(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, false)
	if err != nil {
		return err
	}
	all, err := s.c.Store.Users(r.Context())
	if err != nil {
		return err
	}
	seen, err := s.c.Store.LastSeen(r.Context())
	if err != nil {
		return err
	}
	x := view.PeopleList{Lead: v.access.Leads()}
	for _, u := range all {
		line, err := s.personLine(r, u, seen)
		if err != nil {
			return err
		}
		x.Lines = append(x.Lines, line)
	}
	return s.show(w, r, http.StatusOK, view.PeoplePage(s.frame(r, "People", "people"), x))
}

// accountPage is one account, and what may be done to it.
func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, r.Method == http.MethodPost)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if r.Method == http.MethodPost {
		if err := v.form(w, r, 1<<14, unreadable); err != nil {
			return err
		}
		do := r.PostForm.Get("do")
		switch do {
		case "close", "open":
			err = s.oversight.SetClosed(r.Context(), v.by(), name, do == "close")
		case "end-sessions":
			err = s.oversight.EndSessions(r.Context(), v.by(), name)
		case "link":
			l, err := s.oversight.NewLink(r.Context(), v.by(), name)
			if err != nil {
				return err
			}
			return s.handOver(w, r, l, false)
		default:
			err = fault.New(fault.Invalid, "There is no such button. Go back and try again.")
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, personURL(name)+"?done="+do, http.StatusSeeOther)
		return nil
	}
	u, err := s.c.Store.UserByName(r.Context(), name)
	if err != nil {
		return err
	}
	seen, err := s.c.Store.LastSeen(r.Context())
	if err != nil {
		return err
	}
	line, err := s.personLine(r, u, seen)
	if err != nil {
		return err
	}
	today := s.c.Now().UTC().Truncate(24 * time.Hour)
	seen7 := today.AddDate(0, 0, -6).Format(time.DateOnly)
	saw := []view.Link{
		{Text: "In the last 7 days", URL: "/oversight/record" + recordQuery{person: u.Name, from: seen7}.encode()},
		{Text: "Today", URL: "/oversight/record" + recordQuery{person: u.Name, from: today.Format(time.DateOnly)}.encode()},
		{Text: "Everything", URL: "/oversight/record" + recordQuery{person: u.Name}.encode()},
		{Text: "Refusals", URL: "/oversight/record" + recordQuery{person: u.Name, outcome: "refused"}.encode()},
	}
	places, err := s.placesOf(r, u, v.access.Leads() && u.ID != v.user.ID)
	if err != nil {
		return err
	}
	said := map[string]string{"close": "The account is closed and its sessions have ended.", "open": "The account is open again.", "end-sessions": "All sessions of the account have ended."}
	x := view.PersonSheet{PersonLine: line, Leads: u.Role == policy.Governance, Lead: v.access.Leads(), Own: u.ID == v.user.ID, Said: said[r.URL.Query().Get("done")], Action: personURL(u.Name), Saw: saw, Places: places, Sees: u.SeesRecords(), Chosen: u.Hash != ""}
	if x.Link, err = s.linkState(r, u); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, view.PersonPage(s.frame(r, u.Display, "people"), x))
}

// linkState says how the link to choose the password of an account stands; "" is
// nothing to say.
func (s *Server) linkState(r *http.Request, u registry.User) (string, error) {
	l, err := s.c.Store.PasswordLinkOf(r.Context(), u.ID)
	switch {
	case fault.Of(err) == fault.NotFound:
		return "", nil
	case err != nil:
		return "", err
	case !l.Used.IsZero():
		return "By a link, on " + s.written(l.Used, false), nil
	case s.c.Now().Before(l.Until):
		return "A link to choose one was made and not used; it works until " + s.written(l.Until, false), nil
	}
	return "The link to choose one ended on " + s.written(l.Until, false) + " and was not used", nil
}

// placesOf is what somebody is named on, as it stands.
func (s *Server) placesOf(r *http.Request, u registry.User, change bool) ([]view.OwnPlace, error) {
	named, err := s.c.Store.Memberships(r.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	var out []view.OwnPlace
	for _, m := range named {
		a, err := s.oversight.Agreement(r.Context(), m.Agreement)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(a.People, func(p oversight.Place) bool { return p.User.ID == u.ID })
		if i < 0 {
			continue
		}
		lacks := strings.Join(slices.Concat(a.Lacks, a.People[i].Lacks), ", ")
		x := view.OwnPlace{Ref: m.Agreement, Title: a.Agreement.Title, URL: agreementURL(m.Agreement, ""), State: a.State, Good: a.State == "in force", Ends: s.written(a.People[i].Ends, true), Lacks: lacks}
		if change && a.Agreement.Revoked.IsZero() {
			x.ChangeURL = agreementURL(m.Agreement, "person") + "?person=" + url.QueryEscape(u.Name)
		}
		out = append(out, x)
	}
	return out, nil
}

// addPerson adds an account and shows the link by which its owner chooses a
// password, once.
func (s *Server) addPerson(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		return s.personForm(w, r, http.StatusOK, url.Values{}, nil)
	}
	if err := v.form(w, r, 1<<14, unreadable); err != nil {
		return err
	}
	in := r.PostForm
	u := registry.User{Name: strings.ToLower(strings.TrimSpace(in.Get("account"))), Display: strings.TrimSpace(in.Get("display")), Role: policy.Role(in.Get("role"))}
	if wrong := registry.UserProblems(u); len(wrong) > 0 {
		return s.personForm(w, r, http.StatusBadRequest, in, onPage(wrong))
	}
	l, err := s.oversight.Invite(r.Context(), v.by(), u)
	if fault.Of(err) == fault.Conflict {
		return s.personForm(w, r, http.StatusBadRequest, in, []registry.Problem{{At: "account", Say: fault.Say(err)}})
	}
	if err != nil {
		return err
	}
	return s.handOver(w, r, l, true)
}

func (s *Server) personForm(w http.ResponseWriter, r *http.Request, status int, in url.Values, wrong []registry.Problem) error {
	f := newForm(in, wrong)
	x := view.PersonForm{Errors: f.summary(), RoleError: f.say("role"), Fields: []view.FormField{
		f.field("display", "The person’s name", ""),
		f.field("account", "Account name", "For signing in: small letters, digits, dots, dashes or @"),
	}}
	for _, role := range policy.Roles() {
		if role == policy.Governance { // made at the machine
			continue
		}
		x.Roles = append(x.Roles, view.Box{Value: string(role), Label: role.Label(), On: in.Get("role") == string(role)})
	}
	return s.show(w, r, status, view.PersonFormPage(s.frame(r, titled("Add an account", wrong), "people"), x))
}
