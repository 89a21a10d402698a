package web_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/federation"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

// service is another service that people sign in by, in every way that it can be
// wrong.
type service struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	codes  map[string]url.Values // what was asked for, by code; taken once
	now    func() time.Time
	// how it misbehaves; nil: it does not
	claims    func(map[string]any)
	sign      func(header, claims map[string]any) string
	answer    func(w http.ResponseWriter, token string)
	discovery func(map[string]any)
	keys      http.HandlerFunc
	tokens    int // how many were asked for
}

func newService(t *testing.T, now func() time.Time) *service {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := &service{t: t, key: key, codes: map[string]url.Values{}, now: now}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		says := map[string]any{"issuer": f.server.URL, "authorization_endpoint": f.server.URL + "/authorize", "token_endpoint": f.server.URL + "/token", "jwks_uri": f.server.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}}
		if f.discovery != nil {
			f.discovery(says)
		}
		writeJSON(w, says)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		if f.keys != nil {
			f.keys(w, r)
			return
		}
		writeJSON(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig", "n": raw64(key.N.Bytes()), "e": "AQAB"}}})
	})
	mux.HandleFunc("POST /token", f.token)
	f.server = httptest.NewTLSServer(mux)
	t.Cleanup(f.server.Close)
	f.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	return f
}

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// part is a part of a token.
func part(v any) string {
	b, _ := json.Marshal(v)
	return raw64(b)
}

func (f *service) rs256(header, claims map[string]any, key *rsa.PrivateKey) string {
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		f.t.Error(err)
	}
	return text + "." + raw64(signature)
}

// token gives a token for a code, once, to whoever began the sign-in.
func (f *service) token(w http.ResponseWriter, r *http.Request) {
	f.tokens++
	asked, ok := f.codes[r.PostFormValue("code")]
	delete(f.codes, r.PostFormValue("code"))
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	name, secret, _ := r.BasicAuth()
	if !ok || raw64(proof[:]) != asked.Get("code_challenge") || asked.Get("code_challenge_method") != "S256" || name != "hes" || secret != "a-secret-of-a-test" || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]any{"error": "invalid_grant"})
		return
	}
	now := f.now()
	claims := map[string]any{"iss": f.server.URL, "sub": "ann-at-work", "aud": "hes", "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "nonce": asked.Get("nonce"), "acr": "AAL3", "auth_time": now.Add(-time.Minute).Unix()}
	if f.claims != nil {
		f.claims(claims)
	}
	header := map[string]any{"alg": "RS256", "kid": "one", "typ": "JWT"}
	token := ""
	if f.sign != nil {
		token = f.sign(header, claims)
	} else {
		token = f.rs256(header, claims, f.key)
	}
	if f.answer != nil {
		f.answer(w, token)
		return
	}
	writeJSON(w, map[string]any{"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": token})
}

// browser goes through a sign-in by the service.
type browser struct {
	s       *site
	f       *service
	cookies map[string]*http.Cookie
}

func (b *browser) get(address string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.s.server.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return w
}

// begin goes to the service and returns what it is asked, and the answer to bring
// back.
func (b *browser) begin() (asked, back url.Values) {
	b.s.t.Helper()
	w := b.get("/sign-in/elsewhere?next=%2Fdictionary")
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusSeeOther || !strings.HasPrefix(to.String(), b.f.server.URL+"/authorize?") {
		b.s.t.Fatalf("status %d to %s", w.Code, to)
	}
	code := rand.Text()
	b.f.codes[code] = to.Query()
	return to.Query(), url.Values{"code": {code}, "state": {to.Query().Get("state")}}
}

func (b *browser) back(q url.Values) *httptest.ResponseRecorder {
	return b.get("/sign-in/elsewhere/return?" + q.Encode())
}

// abroad is a site where people sign in by the service too.
func abroad(t *testing.T) (*site, *service) {
	t.Helper()
	var s *site
	f := newService(t, func() time.Time { return s.now })
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})) {
		t.Fatal("no certificate")
	}
	other, err := federation.New(federation.Config{Issuer: f.server.URL, Client: "hes", Secret: "a-secret-of-a-test", Redirect: "https://hes.example.org/sign-in/elsewhere/return", ACR: []string{"AAL2", "AAL3"}, MaxAge: 15 * time.Minute, Label: "NHS CIS2",
		Roots: pool, Now: func() time.Time { return s.now }, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, &web.Assets{}, func(o *source) { o.other = other })
	for name, role := range map[string]policy.Role{"ann": policy.Researcher, "bea": policy.Planner} {
		u := registry.User{Name: name, Display: "Somebody", Role: role}
		if u.Hash, err = s.auth.Hash(t.Context(), u, "a long password of a test"); err == nil {
			err = s.store.AddUser(t.Context(), u)
		}
		if err == nil {
			u, err = s.store.UserByName(t.Context(), name)
		}
		if err == nil {
			err = s.store.AddLink(t.Context(), registry.Link{Issuer: f.server.URL, Subject: name + "-at-work", UserID: u.ID, Added: s.now})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, f
}

// Whom the service vouches for, strongly and lately, is signed in and needs no
// second factor here.
func TestSigningInElsewhere(t *testing.T) {
	s, f := abroad(t)
	b := &browser{s: s, f: f, cookies: map[string]*http.Cookie{}}
	if _, body, _ := s.get("", "/sign-in?next=%2Frecords"); !strings.Contains(body, `href="/sign-in/elsewhere?next=%2Frecords"`) || !strings.Contains(body, "Sign in with NHS CIS2") {
		t.Error("the sign-in page does not offer it")
	}
	asked, back := b.begin()
	for key, want := range map[string]string{"response_type": "code", "client_id": "hes", "scope": "openid", "code_challenge_method": "S256", "acr_values": "AAL2 AAL3", "max_age": "900", "redirect_uri": "https://hes.example.org/sign-in/elsewhere/return"} {
		if asked.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, asked.Get(key), want)
		}
	}
	if len(asked.Get("state")) < 22 || len(asked.Get("nonce")) < 22 || len(asked.Get("code_challenge")) < 43 {
		t.Errorf("asked %v", asked)
	}
	if c := b.cookies["elsewhere"]; c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("cookie %v", c)
	}
	w := b.back(back)
	if w.Code != http.StatusOK || w.Header().Get("Refresh") != "0; url=/dictionary" || b.cookies["session"] == nil || b.cookies["elsewhere"] != nil {
		t.Fatalf("status %d, %v, %v", w.Code, w.Header(), b.cookies)
	}
	u, x, err := s.auth.Check(t.Context(), b.cookies["session"].Value)
	if err == nil {
		err = s.auth.Enough(t.Context(), u, x)
	}
	if err != nil || u.Name != "ann" || x.Factor != "oidc" || b.cookies["session"].SameSite != http.SameSiteStrictMode {
		t.Errorf("%+v %+v %v", u, x, err)
	}
}

// Whatever is wrong with what comes back signs nobody in, says the same and is
// recorded.
func TestNobodyIsSignedInElsewhereByMisuse(t *testing.T) {
	s, f := abroad(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(key string, value any) func(*browser, url.Values) {
		return func(*browser, url.Values) {
			f.claims = func(c map[string]any) {
				if c[key] = value; value == nil {
					delete(c, key)
				}
			}
		}
	}
	at := func(key string, after time.Duration) func(*browser, url.Values) {
		return func(b *browser, q url.Values) { claim(key, s.now.Add(after).Unix())(b, q) }
	}
	sign := func(sign func(header, claims map[string]any) string) func(*browser, url.Values) {
		return func(*browser, url.Values) { f.sign = sign }
	}
	answer := func(answer func(http.ResponseWriter, string)) func(*browser, url.Values) {
		return func(*browser, url.Values) { f.answer = answer }
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&f.key.PublicKey)})
	var usedState, usedCode string
	misuses := map[string]func(*browser, url.Values){
		"alg-none":         sign(func(h, c map[string]any) string { h["alg"] = "none"; return part(h) + "." + part(c) + "." }),
		"unsigned":         sign(func(h, c map[string]any) string { return part(h) + "." + part(c) + "." }),
		"two-parts":        sign(func(h, c map[string]any) string { return part(h) + "." + part(c) }),
		"signature-change": sign(func(h, c map[string]any) string { return f.rs256(h, c, f.key)[:20] + "x" + f.rs256(h, c, f.key)[21:] }),
		"other-key":        sign(func(h, c map[string]any) string { return f.rs256(h, c, other) }),
		"unknown-kid":      sign(func(h, c map[string]any) string { h["kid"] = "two"; return f.rs256(h, c, other) }),
		"own-key-in-token": sign(func(h, c map[string]any) string {
			h["kid"], h["jwk"] = "two", map[string]any{"kty": "RSA", "n": raw64(other.N.Bytes()), "e": "AQAB"}
			return f.rs256(h, c, other)
		}),
		"hs256-with-public-key": sign(func(h, c map[string]any) string {
			h["alg"] = "HS256"
			text := part(h) + "." + part(c)
			mac := hmac.New(sha256.New, public)
			mac.Write([]byte(text))
			return text + "." + raw64(mac.Sum(nil))
		}),
		"hs256-with-secret": sign(func(h, c map[string]any) string {
			h["alg"] = "HS256"
			text := part(h) + "." + part(c)
			mac := hmac.New(sha256.New, []byte("a-secret-of-a-test"))
			mac.Write([]byte(text))
			return text + "." + raw64(mac.Sum(nil))
		}),
		"aud-other":          claim("aud", "another site"),
		"aud-none":           claim("aud", nil),
		"aud-two-no-azp":     claim("aud", []string{"hes", "another site"}),
		"azp-other":          claim("azp", "another site"),
		"iss-other":          claim("iss", "https://elsewhere.example"),
		"iss-with-slash":     claim("iss", f.server.URL+"/"),
		"iss-none":           claim("iss", nil),
		"expired":            at("exp", -time.Second),
		"exp-none":           claim("exp", nil),
		"not-yet":            at("nbf", time.Hour),
		"made-long-ago":      at("iat", -time.Hour),
		"made-in-the-future": at("iat", time.Hour),
		"nonce-none":         claim("nonce", nil),
		"nonce-other":        claim("nonce", "another"),
		"acr-too-low":        claim("acr", "AAL1"),
		"acr-none":           claim("acr", nil),
		"acr-of-two-words":   claim("acr", "AAL1 AAL3"),
		"auth-time-old":      at("auth_time", -17*time.Minute),
		"auth-time-none":     claim("auth_time", nil),
		"auth-time-future":   at("auth_time", time.Hour),
		"auth-time-odd":      claim("auth_time", "yesterday"),
		"sub-unknown":        claim("sub", "nobody"),
		"sub-none":           claim("sub", nil),
		"sub-in-capitals":    claim("sub", "ANN-AT-WORK"),
		"sub-of-closed":      claim("sub", "bea-at-work"),
		"state-none":         func(_ *browser, q url.Values) { q.Del("state") },
		"state-other":        func(_ *browser, q url.Values) { q.Set("state", "another") },
		"state-replayed":     func(_ *browser, q url.Values) { q.Set("state", usedState) },
		"code-replayed":      func(_ *browser, q url.Values) { q.Set("code", usedCode) },
		"code-none":          func(_ *browser, q url.Values) { q.Del("code") },
		"code-of-another": func(_ *browser, q url.Values) { // somebody else's, with their own challenge
			f.codes["stolen"] = url.Values{"code_challenge": {"x"}, "code_challenge_method": {"S256"}}
			q.Set("code", "stolen")
		},
		"too-late": func(*browser, url.Values) { s.now = s.now.Add(10 * time.Minute) },
		"other-browser": func(b *browser, _ url.Values) {
			b.cookies["elsewhere"] = &http.Cookie{Name: "elsewhere", Value: "mine"}
		},
		"no-holder":      func(b *browser, _ url.Values) { delete(b.cookies, "elsewhere") },
		"mix-up":         func(_ *browser, q url.Values) { q.Set("iss", "https://elsewhere.example") },
		"error":          func(_ *browser, q url.Values) { q.Del("code"); q.Set("error", "access_denied") },
		"error-and-code": func(_ *browser, q url.Values) { q.Set("error", "x") },
		"no-id-token": answer(func(w http.ResponseWriter, _ string) {
			writeJSON(w, map[string]any{"access_token": "x", "token_type": "Bearer"})
		}),
		"id-token-number": answer(func(w http.ResponseWriter, _ string) {
			writeJSON(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": 7})
		}),
		"mac-token": answer(func(w http.ResponseWriter, id string) {
			writeJSON(w, map[string]any{"access_token": "x", "token_type": "mac", "id_token": id})
		}),
		"redirect": answer(func(w http.ResponseWriter, id string) {
			w.Header().Set("Location", f.server.URL+"/token")
			w.WriteHeader(http.StatusFound)
		}),
		"redirect-with-body": answer(func(w http.ResponseWriter, id string) {
			w.Header().Set("Location", f.server.URL+"/token")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}),
		"html": answer(func(w http.ResponseWriter, id string) { _, _ = w.Write([]byte("<html>" + id)) }),
		"huge": answer(func(w http.ResponseWriter, id string) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"x","token_type":"Bearer","id_token":"` + id + `","more":"` + strings.Repeat("x", 300<<10) + `"}`))
		}),
		"slow":        answer(func(http.ResponseWriter, string) { time.Sleep(1500 * time.Millisecond) }),
		"server-fail": answer(func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusInternalServerError) }),
	}
	u, err := s.store.UserByName(t.Context(), "bea")
	if err == nil {
		err = s.store.SetDisabled(t.Context(), u.ID, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(misuses) < 50 {
		t.Errorf("only %d misuses", len(misuses))
	}
	for _, name := range slices.Sorted(maps.Keys(misuses)) {
		t.Run(name, func(t *testing.T) {
			s.now = s.now.Add(20 * time.Minute) // nobody waits for what was refused before
			// all is well but for the misuse
			b := &browser{s: s, f: f, cookies: map[string]*http.Cookie{}}
			asked, good := b.begin()
			if w := b.back(good); w.Code != http.StatusOK || b.cookies["session"] == nil {
				t.Fatalf("without the misuse: %d %+v", w.Code, s.since(s.events()-1))
			}
			usedState, usedCode = asked.Get("state"), good.Get("code")
			b = &browser{s: s, f: f, cookies: map[string]*http.Cookie{}}
			_, q := b.begin()
			misuses[name](b, q)
			before := s.events()
			w := b.back(q)
			f.claims, f.sign, f.answer = nil, nil, nil
			if w.Code != http.StatusForbidden || b.cookies["session"] != nil || w.Header().Get("Refresh") != "" || !strings.Contains(plain(w.Body.String()), "You were not signed in: the other service did not vouch for an account here.") {
				t.Errorf("status %d, %v: %s", w.Code, b.cookies, plain(w.Body.String()))
			}
			events := s.since(before)
			if len(events) != 1 || events[0].Outcome != "refused" || events[0].Kind != "sign-in" || !strings.HasPrefix(events[0].Question, "another service: ") {
				t.Errorf("events %+v", events)
			}
			for _, e := range events {
				if body, err := audit.Encode(e); err != nil || strings.Contains(string(body), "at-work") || strings.Contains(string(body), "elsewhere.example") {
					t.Errorf("the record holds what was sent: %s", body)
				}
			}
		})
	}
}

// A service that is not what it should be is not gone to.
func TestAServiceThatIsNotWhatItShouldBe(t *testing.T) {
	for name, change := range map[string]func(*service){
		"another-issuer": func(f *service) { f.discovery = func(m map[string]any) { m["issuer"] = "https://elsewhere.example" } },
		"token-in-the-open": func(f *service) {
			f.discovery = func(m map[string]any) { m["token_endpoint"] = "http://elsewhere.example/token" }
		},
		"login-in-the-open": func(f *service) {
			f.discovery = func(m map[string]any) { m["authorization_endpoint"] = "http://elsewhere.example" }
		},
		"login-by-script": func(f *service) {
			f.discovery = func(m map[string]any) { m["authorization_endpoint"] = "javascript:alert(1)" }
		},
		"keys-in-the-open": func(f *service) {
			f.discovery = func(m map[string]any) { m["jwks_uri"] = "http://elsewhere.example/keys" }
		},
		"no-keys": func(f *service) { f.discovery = func(m map[string]any) { delete(m, "jwks_uri") } },
		"huge":    func(f *service) { f.discovery = func(m map[string]any) { m["more"] = strings.Repeat("x", 300<<10) } },
		"gone":    func(f *service) { f.server.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s, f := abroad(t)
			change(f)
			before := s.events()
			w := (&browser{s: s, f: f, cookies: map[string]*http.Cookie{}}).get("/sign-in/elsewhere")
			if events := s.since(before); w.Code != http.StatusForbidden || len(w.Result().Cookies()) != 0 || len(events) != 1 || events[0].Outcome != "refused" {
				t.Errorf("status %d, %v, %+v", w.Code, w.Header(), events)
			}
		})
	}
	// keys that are sent on, or never end, are not believed either
	for name, keys := range map[string]http.HandlerFunc{
		"keys-elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) },
		"keys-huge":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat(" ", 300<<10))) },
		"keys-none":      func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]any{"keys": []any{}}) },
	} {
		t.Run(name, func(t *testing.T) {
			s, f := abroad(t)
			f.keys = keys
			b := &browser{s: s, f: f, cookies: map[string]*http.Cookie{}}
			_, q := b.begin()
			if w := b.back(q); w.Code != http.StatusForbidden || b.cookies["session"] != nil {
				t.Errorf("status %d", w.Code)
			}
		})
	}
}
