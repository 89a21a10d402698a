package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
)

func setUp(data string, more ...string) []string {
	return append([]string{"setup", "--data", data, "--lead", "ana=Ana Ng", "--lead", "bob=Bob Ray, MD", "--origin", "https://hes.example.org", "--listen", "127.0.0.1:0"}, more...)
}

// A site from nothing: two leads, each with a link that was printed once, options
// that serve takes, and a unit that leaves the service little.
func TestSetup(t *testing.T) {
	data := filepath.Join(t.TempDir(), "site")
	out := must(t, setUp(data)...)
	links := regexp.MustCompile(`(?m)^https://hes\.example\.org`+oversight.LinkPath+`\S{20,}$`).FindAllString(out, -1)
	if len(links) != 2 || links[0] == links[1] {
		t.Errorf("%v\n%s", links, out)
	}
	users := must(t, "user", "list", "--data", data)
	if !regexp.MustCompile(`(?m)^ana +Ana Ng +ig-lead`).MatchString(users) || !regexp.MustCompile(`(?m)^bob +Bob Ray, MD +ig-lead`).MatchString(users) {
		t.Error(users)
	}
	for _, l := range links {
		token := l[strings.LastIndex(l, "/")+1:]
		if n := holding(t, data, []string{token}); n != 0 {
			t.Errorf("%d files hold a link", n)
		}
	}
	if names, err := others(data); err != nil || len(names) > 0 {
		t.Errorf("others may read %v, %v", names, err)
	}
	unit := string(mustRead(t, filepath.Join(data, "webenable.service")))
	for _, line := range []string{"ProtectSystem=strict", "NoNewPrivileges=yes", "ReadWritePaths=" + data, "LimitCORE=0", "CapabilityBoundingSet=\n", "--config " + data + "/webenable.conf"} {
		if !strings.Contains(unit, line) {
			t.Errorf("the unit does not say %s", line)
		}
	}
	if strings.Contains(unit, "{") {
		t.Error(unit)
	}
	got, err := configured([]string{"serve", "--config", filepath.Join(data, "webenable.conf"), "--listen", "x"})
	if want := []string{"serve", "--listen=127.0.0.1:0", "--origin=https://hes.example.org", "--listen", "x"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	// Nothing is ever replaced.
	before := string(mustRead(t, filepath.Join(data, "webenable.conf")))
	if _, errs, code := run(t, setUp(data)...); code != fault.Conflict.Exit() || !strings.Contains(errs, "not empty") {
		t.Errorf("a second time: %d, %s", code, errs)
	}
	if string(mustRead(t, filepath.Join(data, "webenable.conf"))) != before || must(t, "user", "list", "--data", data) != users {
		t.Error("a second set-up changed something")
	}
}

// What cannot be done as a whole leaves nothing.
func TestSetupsThatFail(t *testing.T) {
	other := filepath.Join(t.TempDir(), "theirs.service")
	if err := os.WriteFile(other, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "site")
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"one-lead":        {[]string{"setup", "--data", data, "--lead", "ana=Ana"}, fault.Invalid.Exit()},
		"twice-the-same":  {[]string{"setup", "--data", data, "--lead", "ana=Ana", "--lead", "Ana=Bob"}, fault.Invalid.Exit()},
		"nobody":          {[]string{"setup", "--data", data}, fault.Invalid.Exit()},
		"no-name":         {[]string{"setup", "--data", data, "--lead", "ana", "--lead", "bob=Bob"}, fault.Invalid.Exit()},
		"three":           {setUp(data, "--lead", "cat=Cat"), fault.Invalid.Exit()},
		"off-the-machine": {setUp(data, "--listen", "0.0.0.0:8080"), fault.Invalid.Exit()},
		"strange-account": {setUp(data, "--user", "a b"), fault.Invalid.Exit()},
		"two-lines":       {setUp(data, "--proxy", "10.1.2.3", "--origin", "https://x\nvolume-not-encrypted = true"), fault.Invalid.Exit()},
		"unit-is-there":   {setUp(data, "--unit", other), fault.Conflict.Exit()},
		"strange-folder":  {setUp(data + " %h"), fault.Invalid.Exit()},
	} {
		if _, errs, code := run(t, c.args...); code != c.code {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
		if left, err := os.ReadDir(data); err == nil && len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
	if string(mustRead(t, other)) != "theirs" {
		t.Error("a unit that was there was replaced")
	}
}

func TestOptionsOfAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	for text, want := range map[string]string{
		"# a comment\n\n listen = :1 \nproxy=10.1.2.3\nproxy = 10.1.2.4": "--listen=:1 --proxy=10.1.2.3 --proxy=10.1.2.4",
		"":                   "",
		"listen":             "refused",
		"listen =":           "refused",
		"--listen = :1":      "refused",
		"config = other":     "refused",
		"list en = 1":        "refused",
		"origin = https://x": "--origin=https://x",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := configured([]string{"--config=" + file})
		if said := strings.Join(got, " "); err == nil && said != want || (err != nil) != (want == "refused") {
			t.Errorf("%q: %q, %v", text, said, err)
		}
	}
	if err := os.WriteFile(file, []byte("lisen = :1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, "serve", "--config", file, "--data", t.TempDir()); code != fault.Invalid.Exit() || !strings.Contains(errs, "lisen") {
		t.Errorf("an option that is none: %d, %s", code, errs)
	}
	if _, _, code := run(t, "serve", "--config", file+".none"); code != fault.NotFound.Exit() {
		t.Errorf("no file: %d", code)
	}
	if got, err := configured([]string{"load", "--", "--config", "x"}); err != nil || len(got) != 4 {
		t.Errorf("%v, %v", got, err)
	}
}
