package web

import (
	"encoding/json"
	"net/http"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/web/view"
)

// challenge answers the script that asks for a passkey.
func challenge(w http.ResponseWriter, c auth.Ceremony, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return ignoreGone(json.NewEncoder(w).Encode(map[string]any{"id": c.ID, "options": c.Options}))
}

func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.person(r); err != nil {
		return err
	}
	c, err := s.c.Auth.BeginPasskey(r.Context(), s.token(r))
	return challenge(w, c, err)
}

// addPasskey adds a passkey and shows the recovery codes, if there are new ones.
func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	u, x, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	token, codes, err := s.c.Auth.FinishPasskey(r.Context(), s.token(r), in.Get("id"), in.Get("name"), []byte(in.Get("answer")), s.from(r))
	switch k := fault.Of(err); {
	case err == nil:
	case k == fault.Denied:
		return s.showFactors(w, r, u, x, k.Status(), view.Factors{Next: next(in.Get("next")), Error: fault.Say(err)})
	default:
		return stepUp(w, r, err, factorsPage)
	}
	s.goOn(w, r, token)
	return s.added(w, r, u, codes, in.Get("next"))
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) error {
	u, x, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	return s.afterRemoval(w, r, u, x, s.c.Auth.RemovePasskey(r.Context(), s.token(r), in.Get("id"), s.from(r)))
}

func (s *Server) beginPasskeySignIn(w http.ResponseWriter, r *http.Request) error {
	c, err := s.c.Auth.BeginPasskeySignIn(r.Context(), s.from(r))
	return challenge(w, c, err)
}

func (s *Server) passkeySignIn(w http.ResponseWriter, r *http.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	token, u, err := s.c.Auth.PasskeySignIn(r.Context(), in.Get("id"), []byte(in.Get("answer")), s.from(r))
	return s.entered(w, r, token, u, err, in)
}

func (s *Server) beginGivingPasskey(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.person(r); err != nil {
		return err
	}
	c, err := s.c.Auth.BeginGivingPasskey(r.Context(), s.token(r))
	return challenge(w, c, err)
}

func (s *Server) givePasskey(w http.ResponseWriter, r *http.Request) error {
	u, _, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	token, err := s.c.Auth.GivePasskey(r.Context(), s.token(r), in.Get("id"), []byte(in.Get("answer")), s.from(r))
	return s.gave(w, r, u, token, err, "passkey", in)
}
