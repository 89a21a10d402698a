package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// newContact is the empty form.
func newContact() view.Contact { return contactForm(nil, nil) }

// contactForm is the form with what was typed and what is wrong with it.
func contactForm(in url.Values, wrong []registry.Problem) view.Contact {
	f := newForm(in, wrong)
	c := view.Contact{Errors: f.summary(), Name: f.field("name", "Name", ""), Email: f.field("email", "Work email", ""), Question: f.long("question", "Question", "")}
	c.Name.Complete, c.Email.Complete = "name", "email"
	return c
}

func (s *Server) contact(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, view.ContactPage(s.frame(r, "Contact", "contact"), s.public(r), newContact()))
}

// mostSent is more than a form with all fields at their longest, however encoded.
const mostSent = 64 << 10

// sendMessage keeps a question, once, however often it is sent. Whoever fills in the field that people do not
// see is told the same as everybody else.
func (s *Server) sendMessage(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, mostSent)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "%s", unreadable)
	}
	in := r.PostForm
	m := registry.Message{Name: strings.TrimSpace(in.Get("name")), Email: strings.TrimSpace(in.Get("email")), Text: strings.TrimSpace(strings.ReplaceAll(in.Get("question"), "\r\n", "\n")), Sent: s.c.Now()}
	if wrong := registry.MessageProblems(m); len(wrong) > 0 {
		return s.show(w, r, http.StatusBadRequest, view.ContactPage(s.frame(r, titled("Contact", wrong), "contact"), s.public(r), contactForm(in, wrong)))
	}
	sent := func() error {
		http.Redirect(w, r, "/contact/sent", http.StatusSeeOther)
		return nil
	}
	if in.Get("website") != "" {
		return sent()
	}
	known, err := s.c.Store.HasMessage(r.Context(), m.Key())
	switch {
	case err != nil:
		return err
	case known:
		return sent()
	}
	if err := s.flood.take(s.client(r).Address); err != nil {
		return err
	}
	if err := s.c.Store.AddMessage(r.Context(), m); err != nil && fault.Of(err) != fault.Conflict {
		return err
	}
	return sent()
}

// How many messages are taken within an hour: from one address, and in all. More
// than that nobody could answer.
const (
	mostFromOne = 5
	mostFromAll = 60
)

// flood limits how many messages are taken. It forgets after an hour, and so holds
// no more than is taken within one.
type flood struct {
	now   func() time.Time
	mu    sync.Mutex
	taken []taken
}

type taken struct {
	from string
	at   time.Time
}

func newFlood(now func() time.Time) *flood { return &flood{now: now} }

// take counts a message, or refuses it.
func (f *flood) take(address string) error {
	from := sender(address)
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	kept, mine := f.taken[:0], 0
	for _, t := range f.taken {
		if now.Sub(t.at) >= time.Hour {
			continue
		}
		kept = append(kept, t)
		if t.from == from {
			mine++
		}
	}
	f.taken = kept
	switch {
	case mine >= mostFromOne:
		return fault.New(fault.Limited, "You have sent as many questions as are taken within an hour. Yours was not kept; send it again later.")
	case len(kept) >= mostFromAll:
		return fault.New(fault.Limited, "More questions are being sent than can be taken. Yours was not kept; send it again in an hour.")
	}
	f.taken = append(f.taken, taken{from, now})
	return nil
}

// sender is who sends from an address: of the newer kind one household or ward has
// billions of them, which differ in their second half.
func sender(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is6() || a.Is4In6() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// messages lists the questions that people sent, for those who oversee the site.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, false)
	if err != nil {
		return err
	}
	all, err := s.c.Store.Messages(r.Context())
	if err == nil { // somebody may have written of a patient
		err = s.c.Warehouse.Reads(r.Context(), v.access, "messages", v.client)
	}
	if err != nil {
		return err
	}
	x := view.Messages{Lead: v.access.Leads()}
	for _, m := range all {
		line := view.MessageLine{Number: strconv.FormatInt(m.ID, 10), Name: m.Name, Email: m.Email, Text: m.Text, When: s.written(m.Sent, false)}
		if m.Answered.IsZero() {
			x.Waiting = append(x.Waiting, line)
			continue
		}
		line.Answered = s.written(m.Answered, false) + " by " + m.AnsweredBy
		x.Closed = append(x.Closed, line)
	}
	return s.show(w, r, http.StatusOK, view.MessagesPage(s.frame(r, "Messages", "messages"), x))
}

// answered marks a question as answered.
func (s *Server) answered(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	if err := v.form(w, r, 1<<12, unreadable); err != nil {
		return err
	}
	none := fault.New(fault.Invalid, "There is no such message.")
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return none
	}
	switch err := s.oversight.Answered(r.Context(), v.by(), id); {
	case fault.Of(err) == fault.NotFound:
		return none
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/oversight/messages", http.StatusSeeOther)
	return nil
}

// dropMessages removes messages that were answered long ago.
func (s *Server) dropMessages(ctx context.Context) {
	if err := s.c.Store.DropMessages(ctx, s.c.Now().Add(-registry.MessageKept)); err != nil && ctx.Err() == nil {
		s.c.Log.Error("old messages could not be removed", "error", err.Error())
	}
}
