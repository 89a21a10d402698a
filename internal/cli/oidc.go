package cli

import (
	"crypto/x509"
	"os"
	"strings"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/federation"
)

// oidcFlags name a service that people sign in by.
type oidcFlags struct {
	Issuer     string        `help:"Address of the service, exactly as it calls itself."`
	Client     string        `help:"What the service calls this site."`
	SecretFile string        `help:"File of the secret that the service gave this site, readable by its owner only." type:"path"`
	Acr        []string      `help:"How people must have proved themselves there (acr), one of these. Then no second factor is asked for here; without it one is."`
	MaxAge     time.Duration `help:"How long ago people may have proved themselves there (auth_time); 0 for any time." default:"15m"`
	Name       string        `help:"What people call the service." default:"another service"`
	Ca         string        `help:"File of the authority that the service's certificate comes from, if the machine does not know it." type:"path"`
}

// provider makes the service; nil if none is named.
func (o oidcFlags) provider(g *globals, origin string) (auth.Elsewhere, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	if o.SecretFile == "" || origin == "" {
		return nil, fault.New(fault.Invalid, "Signing in by another service needs --oidc-client, --oidc-secret-file and --origin too.")
	}
	secret, err := ownFile(o.SecretFile)
	if err != nil {
		return nil, err
	}
	c := federation.Config{Issuer: o.Issuer, Client: o.Client, Secret: strings.TrimSpace(string(secret)), Redirect: origin + "/sign-in/elsewhere/return", ACR: o.Acr, MaxAge: o.MaxAge, Label: o.Name, Now: g.now}
	if o.Ca != "" {
		pem, err := os.ReadFile(o.Ca)
		c.Roots = x509.NewCertPool()
		if err != nil || !c.Roots.AppendCertsFromPEM(pem) {
			return nil, fault.Wrap(fault.Invalid, err, "The file named with --oidc-ca holds no certificate")
		}
	}
	s, err := federation.New(c)
	if err != nil {
		return nil, err
	}
	return s, nil
}
