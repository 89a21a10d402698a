package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"webenablehes/internal/fault"
)

// Key signs checkpoints. Its file has the secret key on the first line and the
// public one on the second; public keys of earlier files may follow, a line each,
// so that what they signed is still known.
type Key struct {
	Public
	signer note.Signer
}

// Public is what is needed to check checkpoints.
type Public struct {
	Text      string // of the key that signs now
	verifiers note.Verifiers
}

// NewPublic reads public keys, one a line; the first is that of the key that
// signs now.
func NewPublic(lines []string) (Public, error) {
	var p Public
	var all []note.Verifier
	for _, l := range lines {
		v, err := note.NewVerifier(l)
		if err != nil {
			return p, fault.New(fault.Invalid, "This is no public key of checkpoints: it looks like webenable+0123abcd+Abc…, as “webenable audit checkpoint” prints it.")
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return p, fault.New(fault.Invalid, "There is no public key to check checkpoints with.")
	}
	return Public{lines[0], note.VerifierList(all...)}, nil
}

// OpenKey reads the key of a file, which only its owner may read, and makes it
// if there is none.
func OpenKey(path string, random io.Reader) (*Key, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path, random); err != nil {
			return nil, err
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The key that signs checkpoints cannot be read; check the rights of its file")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "Others may read the file of the key that signs checkpoints. Take their rights away (chmod 600), or make a new key.")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The key that signs checkpoints cannot be read; check the rights of its file")
	}
	lines := strings.Fields(string(b))
	if len(lines) < 2 {
		return nil, fault.New(fault.Invalid, "The file of the key that signs checkpoints holds none. Bring it back from a copy, or name another file.")
	}
	k := &Key{}
	if k.signer, err = note.NewSigner(lines[0]); err != nil {
		return nil, fault.New(fault.Invalid, "The file of the key that signs checkpoints holds none. Bring it back from a copy, or name another file.")
	}
	k.Public, err = NewPublic(lines[1:])
	return k, err
}

// makeKey makes a key and keeps it. The file is there whole or not at all.
func makeKey(path string, random io.Reader) (err error) {
	secret, public, err := note.GenerateKey(random, "webenable")
	if err != nil {
		return fmt.Errorf("make checkpoint key: %w", err)
	}
	fail := func(err error) error {
		return fault.Wrap(fault.Unavailable, err, "The key that signs checkpoints cannot be kept; check that its folder is there and can be written")
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // readable by its owner only
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name()) // when it has its name there is nothing to remove
	_, err = io.WriteString(f, secret+"\n"+public+"\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path) // never over another one's
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fail(err)
	}
	return nil
}
