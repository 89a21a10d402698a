package auth_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

// Whoever has stolen the registry has nothing to come in with: no token, no password,
// no secret of an app and no recovery code is in its files, and nothing that is in it
// works as a token.
func TestAStolenRegistryOpensNothing(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	c := &clock{time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	s, err := auth.New(auth.Options{Store: store, Now: c.now, Random: rand.Reader, Cost: auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}, Key: bytes.Repeat([]byte{7}, 32), Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	const password = "correct horse battery"
	u := registry.User{Name: "ana", Display: "Ana", Role: policy.Planner}
	if u.Hash, err = s.Hash(t.Context(), u, password); err == nil {
		err = store.AddUser(t.Context(), u)
	}
	if err != nil {
		t.Fatal(err)
	}
	token, u, err := s.SignIn(t.Context(), "ana", password, from("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	secret, token, codes := enrol(t, s, token, c)
	hidden := map[string][]byte{"the token": []byte(token), "the password": []byte(password), "the secret": secret, "a recovery code": []byte(codes[0])}
	if raw, err := base64.RawURLEncoding.DecodeString(token); err == nil {
		hidden["the token's bytes"] = raw
	}
	files, err := filepath.Glob(filepath.Join(dir, "registry*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	size := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		size += len(b)
		for what, text := range hidden {
			if bytes.Contains(b, text) {
				t.Errorf("%s is in %s", what, filepath.Base(file))
			}
		}
	}
	if size < 10_000 {
		t.Errorf("only %d bytes were looked at", size)
	}
	all, err := store.Sessions(t.Context(), u.ID)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	for _, x := range all {
		for _, try := range []string{string(x.TokenHash), hex.EncodeToString(x.TokenHash), base64.RawURLEncoding.EncodeToString(x.TokenHash), base64.StdEncoding.EncodeToString(x.TokenHash), u.Hash} {
			if _, _, err := s.Check(t.Context(), try); fault.Of(err) != fault.SignIn {
				t.Errorf("what is kept works as a token: %v", err)
			}
		}
	}
	if _, _, err := s.Check(t.Context(), token); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}
