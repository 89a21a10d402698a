package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

// secretKey reads the key under which secrets of second factors are sealed, from
// a file that is not the registry's, or makes it.
func (g *globals) secretKey() ([]byte, error) {
	path := g.SecretKey
	if path == "" {
		path = filepath.Join(g.Data, "registry.key")
	}
	text, err := ownFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(path); err == nil {
			text, err = ownFile(path)
		}
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fault.New(fault.Unavailable, "The key file does not hold 64 hexadecimal digits. Bring it back from where a copy is kept; without it authenticator apps have to be set up again.")
	}
	return key, nil
}

// ownFile reads a short file of secrets, which nobody but its owner may read.
func ownFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The file %s cannot be read", filepath.Base(path))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The file %s cannot be read", filepath.Base(path))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "The file %s holds a secret and may be read by its owner only: chmod 600 it.", filepath.Base(path))
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	return text, fault.Wrap(fault.Unavailable, err, "The file %s cannot be read", filepath.Base(path))
}

// makeKey makes a key. Of two programs that do at once, one wins, and both read
// what it made.
func makeKey(path string) (err error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, key); err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	fresh := path + "." + strings.ToLower(rand.Text()[:8])
	defer func() { err = errors.Join(err, os.Remove(fresh)) }()
	if err := durable.Write(fresh, []byte(hex.EncodeToString(key)+"\n")); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The key file cannot be made; check the rights of its folder, or name another place with --secret-key")
	}
	if err := os.Link(fresh, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fault.Wrap(fault.Unavailable, err, "The key file cannot be made; check the rights of its folder, or name another place with --secret-key")
	}
	return durable.Sync(filepath.Dir(path))
}
