package imprint

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
)

func TestRead(t *testing.T) {
	whole := Site{Organisation: "A university", Controller: "The university", Registration: "Z0000000", Lead: "The lead", LeadEmail: "lead@example.org", Officer: "dpo@example.org", Phone: "01234 567890"}
	for name, c := range map[string]struct {
		in   string
		want Site
		says string
	}{
		"whole":         {`{"organisation":"A university","controller":"The university","ico_registration":"Z0000000","governance_lead":"The lead","governance_email":"lead@example.org","protection_officer":"dpo@example.org","phone":"01234 567890"}`, whole, ""},
		"empty":         {`{}`, Site{}, ""},
		"unknown-key":   {`{"organization":"A university"}`, Site{}, "and no others"},
		"no-json":       {`organisation: A university`, Site{}, "must be JSON"},
		"more-behind":   {`{} {}`, Site{}, "behind its end"},
		"two-lines":     {`{"organisation":"A\nB"}`, Site{}, "organisation must be one line"},
		"turned-round":  {`{"organisation":"A \u202e B"}`, Site{}, "organisation must be one line"},
		"long":          {`{"phone":"` + strings.Repeat("1", 201) + `"}`, Site{}, "phone must be one line"},
		"no-email":      {`{"governance_email":"ask the lead"}`, Site{}, "governance_email must be an email"},
		"script":        {`{"governance_email":"javascript:alert(1)"}`, Site{}, "governance_email must be an email"},
		"two-addresses": {`{"protection_officer":"a@example.org,b@example.org"}`, Site{}, "protection_officer must be an email"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			if err := os.WriteFile(path, []byte(c.in), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path)
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.says == "") || err != nil && (fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), c.says)) {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	if s, err := ReadFolder(dir); err != nil || s != (Site{}) || len(s.Unset()) != len(s.Entries()) {
		t.Errorf("without a file: %+v, %v", s, err)
	}
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(`{"organisation":"A"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadFolder(dir); err != nil || s.Organisation != "A" || len(s.Unset()) != len(s.Entries())-1 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := Read(filepath.Join(dir, "none.json")); fault.Of(err) != fault.Invalid {
		t.Errorf("a file that is named and not there: %v", err)
	}
}

func TestIsEmail(t *testing.T) {
	for text, want := range map[string]bool{
		"a@example.org": true, "a.b+c@mail.example.ac.uk": true, "O'Neill@nhs.net": true,
		"": false, "a": false, "a@b": false, "@example.org": false, "a@": false, "a b@example.org": false, "a@example.org\nBcc: b@example.org": false, "<a@example.org>": false,
		`"a"@example.org`: false, "a@exa_mple.org": false, "a@example..org": false, ".a@example.org": false, "a@-example.org": false, strings.Repeat("a", 250) + "@example.org": false,
	} {
		if IsEmail(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// Links outside are looked at for their form; none is fetched.
func TestLinksAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range Links() {
		u, err := url.Parse(l.URL)
		switch {
		case err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" || !strings.Contains(u.Host, ".") || u.Host != strings.ToLower(u.Host) || u.String() != l.URL:
			t.Errorf("%s is no plain address of a page", l.URL)
		case seen[l.URL] || seen[l.Text]:
			t.Errorf("%s (%s) is there twice", l.URL, l.Text)
		case l.Text == "" || strings.Contains(l.Text, "://") || !strings.HasSuffix(l.Says, "."):
			t.Errorf("%s: %q, %q", l.URL, l.Text, l.Says)
		}
		seen[l.URL], seen[l.Text] = true, true
	}
	if len(seen) < 10 {
		t.Errorf("only %d links", len(seen)/2)
	}
}
