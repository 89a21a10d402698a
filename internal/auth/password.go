package auth

import (
	"bytes"
	"compress/gzip"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/crypto/argon2"

	"webenablehes/internal/fault"
)

// Cost is what computing a password's hash costs.
type Cost struct {
	Time, MemoryKiB uint32
	Threads         uint8
}

// DefaultCost returns a cost above the floor that OWASP recommends (2 passes, 19 MiB).
func DefaultCost() Cost { return Cost{Time: 3, MemoryKiB: 64 << 10, Threads: 1} }

// The least lengths of a password: alone, and where a second factor must be given
// with it.
const (
	shortest           = 15
	shortestWithFactor = 12
)

func least(factor bool) int {
	if factor {
		return shortestWithFactor
	}
	return shortest
}

// CheckPassword says what is wrong with a new password. There are no rules of
// composition: length and not being known are what counts. factor tells whether
// the account opens nothing without a second factor.
func (s *Service) CheckPassword(name, password string, factor bool) error {
	low := strings.ToLower(password)
	switch n := len([]rune(password)); {
	case n < least(factor):
		return fault.New(fault.Invalid, "A password has at least %d characters; three or four words do well.", least(factor))
	case n > 256:
		return fault.New(fault.Invalid, "A password has at most 256 characters.")
	case name != "" && strings.Contains(low, strings.ToLower(name)):
		return fault.New(fault.Invalid, "The password must not hold the account name.")
	}
	if s.leaked.holds(low) || guessable(low) {
		return fault.New(fault.Invalid, "The password is among those that are tried first. Choose words that do not belong together.")
	}
	return nil
}

// leaked are the passwords that are most often found in what was stolen from
// other sites: 49,000, in small letters. The list is that of zxcvbn-ts (MIT).
//
//go:embed leaked.txt.gz
var leakedList []byte

type leaked map[string]bool

func readLeaked() (leaked, error) {
	z, err := gzip.NewReader(bytes.NewReader(leakedList))
	if err != nil {
		return nil, fmt.Errorf("read leaked passwords: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("read leaked passwords: %w", err)
	}
	out := leaked{}
	for word := range strings.Lines(string(text)) {
		out[strings.TrimSpace(word)] = true
	}
	return out, nil
}

// holds tells whether a password, in small letters, is one of them, or one of them
// twice or with digits and signs added at its ends or between.
func (l leaked) holds(low string) bool {
	letter := func(r rune) bool { return !unicode.IsLetter(r) }
	core := strings.TrimFunc(low, letter)
	bare := strings.Join(strings.FieldsFunc(low, letter), "")
	for _, word := range [...]string{low, core, bare} {
		if n := len(word) / 2; l[word] || word != "" && word == strings.Repeat(word[:n], 2) && l[word[:n]] {
			return true
		}
	}
	return false
}

// common are the words and runs of keys that the most used passwords are made
// of, the longest first.
//
//go:embed common.txt
var common string

// guessable reports whether little is left of a password, in small letters,
// without the common words, or whether it repeats a few characters.
func guessable(low string) bool {
	different := map[rune]bool{}
	for _, r := range low {
		different[r] = true
	}
	if len(different) < 5 {
		return true
	}
	for word := range strings.Lines(common) {
		// A space stays behind: what is left and right of a word makes no new one.
		low = strings.ReplaceAll(low, strings.TrimSpace(word), " ")
	}
	left := 0
	for _, r := range low {
		if !unicode.IsSpace(r) {
			left++
		}
	}
	return left < 8
}

// hash returns the PHC string of a password.
func hash(password string, c Cost, random io.Reader) (string, error) {
	salt := make([]byte, 16)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, c.Time, c.MemoryKiB, c.Threads, 32)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Time, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// verify compares a password with a PHC string; cost is what made the string.
func verify(password, phc string) (ok bool, cost Cost, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, cost, fmt.Errorf("verify password: the stored hash is not understood")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.MemoryKiB, &cost.Time, &cost.Threads); err != nil || cost.Time == 0 || cost.Threads == 0 {
		return false, cost, fmt.Errorf("verify password: the stored hash is not understood")
	}
	b64 := base64.RawStdEncoding
	salt, err1 := b64.DecodeString(parts[4])
	want, err2 := b64.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, cost, fmt.Errorf("verify password: the stored hash is not understood")
	}
	got := argon2.IDKey([]byte(password), salt, cost.Time, cost.MemoryKiB, cost.Threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, cost, nil
}
