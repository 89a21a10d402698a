// Package federation asks another service who somebody is, by OpenID Connect: the
// code flow with PKCE, a state and a nonce, and nothing less.
//
// It believes a signed token of exactly the service that is named, made for this
// site just now, by somebody who proved themselves as strongly and as lately as is
// asked for. It follows no redirects, reads no more than a little, and waits no
// longer than a few seconds. Whatever is wrong is a Refusal.
package federation

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"webenablehes/internal/fault"
)

// Config says which service, and what is asked of it.
type Config struct {
	Issuer   string // exactly as the service calls itself
	Client   string // what the service calls this site
	Secret   string
	Redirect string        // where people come back to
	ACR      []string      // how strongly people must have proved themselves there, one of these; then no second factor is asked for here
	MaxAge   time.Duration // and how lately; 0: at any time
	Label    string        // what people call the service
	Roots    *x509.CertPool
	Now      func() time.Time
	Timeout  time.Duration // for one answer; 0: 10 seconds
}

const (
	mostRead = 256 << 10       // of one answer
	skew     = time.Minute     // between the clocks
	fresh    = 5 * time.Minute // how long a token may be under way
	known    = time.Hour       // how long what a service says of itself is good for
)

// Service is another service that is asked. It is safe for concurrent use.
type Service struct {
	c      Config
	client *http.Client
	mu     sync.Mutex
	found  *oidc.Provider
	at     time.Time
}

// New makes a service; it is not asked anything yet.
func New(c Config) (*Service, error) {
	for _, address := range [...]string{c.Issuer, c.Redirect} {
		at, err := url.Parse(address)
		if err != nil || at.Host == "" || at.Scheme != "https" && !(address == c.Redirect && at.Hostname() == "localhost") {
			return nil, fault.New(fault.Invalid, "The other service and this site are named by addresses that begin with https://.")
		}
	}
	if c.Client == "" || c.Secret == "" {
		return nil, fault.New(fault.Invalid, "Signing in by another service needs the name and the secret that it gave this site.")
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return &Service{c: c, client: client(c)}, nil
}

// Label is what people call the service.
func (s *Service) Label() string { return s.c.Label }

// Begun is a sign-in that has gone to the service.
type Begun struct {
	State    string `json:"-"` // comes back with the person
	URL      string `json:"-"` // where the person goes
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Person is who the service says that somebody is.
type Person struct {
	Issuer, Subject string
	Strong          bool // proved themselves as is asked for
}

// Refusal is why somebody is not believed. Its reason is one of a few sentences
// and holds nothing that was sent.
type Refusal struct {
	Reason string
	Err    error
}

func (r *Refusal) Error() string { return r.Reason + ": " + fmt.Sprint(r.Err) }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(reason string, err error) error { return &Refusal{Reason: reason, Err: err} }

// Begin starts a sign-in.
func (s *Service) Begin(ctx context.Context) (Begun, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return Begun{}, err
	}
	b := Begun{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(b.Nonce), oauth2.S256ChallengeOption(b.Verifier)}
	if len(s.c.ACR) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(s.c.ACR, " ")))
	}
	if s.c.MaxAge > 0 {
		options = append(options, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(s.c.MaxAge/time.Second))))
	}
	b.URL = s.oauth(p).AuthCodeURL(b.State, options...)
	return b, nil
}

func (s *Service) oauth(p *oidc.Provider) *oauth2.Config {
	at := p.Endpoint()
	at.AuthStyle = oauth2.AuthStyleInHeader
	var says struct {
		Ways []string `json:"token_endpoint_auth_methods_supported"`
	}
	if p.Claims(&says) == nil && len(says.Ways) > 0 && !slices.Contains(says.Ways, "client_secret_basic") {
		at.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: s.c.Client, ClientSecret: s.c.Secret, Endpoint: at, RedirectURL: s.c.Redirect, Scopes: []string{oidc.ScopeOpenID}}
}

// provider asks the service what it says of itself, if that is not known.
func (s *Service) provider(ctx context.Context) (*oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil && s.c.Now().Sub(s.at) < known {
		return s.found, nil
	}
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, s.client), s.c.Issuer)
	if err != nil {
		return nil, refuse("the service does not say what it is", err)
	}
	var says struct {
		Keys string `json:"jwks_uri"`
	}
	if err := p.Claims(&says); err != nil {
		return nil, refuse("the service does not say what it is", err)
	}
	for _, address := range [...]string{p.Endpoint().AuthURL, p.Endpoint().TokenURL, says.Keys} {
		if at, err := url.Parse(address); err != nil || at.Scheme != "https" || at.Host == "" {
			return nil, refuse("the service has an address without TLS", errors.New("an endpoint is not https"))
		}
	}
	s.found, s.at = p, s.c.Now()
	return p, nil
}

// Finish exchanges the code that somebody brought back for a token, and says who
// they are.
func (s *Service) Finish(ctx context.Context, b Begun, code string) (Person, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, s.client)
	token, err := s.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(b.Verifier))
	if err != nil {
		return Person{}, refuse("the service gave no token for the code", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok || !strings.EqualFold(token.Type(), "Bearer") {
		return Person{}, refuse("the service said not who it is", errors.New("no id_token"))
	}
	checker := p.VerifierContext(ctx, &oidc.Config{ClientID: s.c.Client, Now: s.c.Now, SupportedSigningAlgs: []string{oidc.RS256, oidc.PS256, oidc.ES256, oidc.ES384, oidc.PS384, oidc.RS384, oidc.RS512, oidc.PS512, oidc.ES512}})
	id, err := checker.Verify(ctx, raw)
	if err != nil {
		return Person{}, refuse("the token is not the service’s, not for this site or too old", err)
	}
	var says struct {
		Party    string   `json:"azp"`
		Strength string   `json:"acr"`
		Proved   *float64 `json:"auth_time"`
		Begins   float64  `json:"nbf"`
	}
	if err := id.Claims(&says); err != nil {
		return Person{}, refuse("the token cannot be read", err)
	}
	now := s.c.Now()
	wrong := errors.New("a claim is not as it was asked for")
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(b.Nonce)) != 1:
		return Person{}, refuse("the token is of another sign-in", wrong)
	case says.Party != "" && says.Party != s.c.Client, says.Party == "" && len(id.Audience) > 1:
		return Person{}, refuse("the token was made for another site", wrong)
	case id.Subject == "" || len(id.Subject) > 255:
		return Person{}, refuse("the token names nobody", wrong)
	case says.Begins > float64(now.Add(skew).Unix()):
		return Person{}, refuse("the token is not yet good", wrong)
	case id.IssuedAt.After(now.Add(skew)) || now.Sub(id.IssuedAt) > fresh:
		return Person{}, refuse("the token was not made just now", wrong)
	case len(s.c.ACR) > 0 && !slices.Contains(s.c.ACR, says.Strength):
		return Person{}, refuse("the person did not prove themselves strongly enough", wrong)
	case s.c.MaxAge > 0 && !lately(says.Proved, now, s.c.MaxAge):
		return Person{}, refuse("the person proved themselves too long ago", wrong)
	}
	return Person{Issuer: id.Issuer, Subject: id.Subject, Strong: len(s.c.ACR) > 0}, nil
}

func lately(proved *float64, now time.Time, most time.Duration) bool {
	if proved == nil || *proved < 0 || *proved > 1e11 {
		return false
	}
	at := time.Unix(int64(*proved), 0)
	return !at.After(now.Add(skew)) && now.Sub(at) <= most+skew
}

// client follows nobody elsewhere and reads a little only.
func client(c Config) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig.RootCAs = c.Roots
	t.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{Timeout: c.Timeout, Transport: limited{t}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("redirects are not followed")
	}}
}

type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := l.next.RoundTrip(r)
	if err == nil {
		w.Body = &body{ReadCloser: w.Body, left: mostRead}
	}
	return w, err
}

// body is an answer that must end soon.
type body struct {
	io.ReadCloser
	left int
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errors.New("the answer is too long")
	}
	return n, err
}

// Issuer is what the service calls itself.
func (s *Service) Issuer() string { return s.c.Issuer }
