package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"

	"webenablehes/internal/fault"
)

// stepLength is how long a code of an authenticator app is shown (RFC 6238).
const stepLength = 30 * time.Second

// code returns the six digits of a secret for a time step. HMAC with SHA-1 is what
// apps use; its weakness is of no matter in an HMAC.
func code(secret []byte, step int64) string {
	var count [8]byte
	binary.BigEndian.PutUint64(count[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(count[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// matches finds the time step that a code is of: now's, the one before or the one
// after, for a telephone whose clock is not right. All three are looked at.
func matches(secret []byte, typed string, now time.Time) (step int64, ok bool) {
	this := now.Unix() / int64(stepLength/time.Second)
	for _, n := range [...]int64{this - 1, this, this + 1} {
		if subtle.ConstantTimeCompare([]byte(code(secret, n)), []byte(typed)) == 1 {
			step, ok = n, true
		}
	}
	return step, ok
}

func newSealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("the key of the secrets must have 32 bytes")
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal and unseal keep a secret under the key, bound to what it is for: moved to
// another account it opens no more.
func (s *Service) seal(secret []byte, what string) []byte {
	return s.sealer.Seal(nil, nil, secret, []byte(what))
}

func (s *Service) unseal(sealed []byte, what string) ([]byte, error) {
	out, err := s.sealer.Open(nil, nil, sealed, []byte(what))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "Codes of the app cannot be checked: the site’s key file is another. Use a recovery code, or ask the administrator.")
	}
	return out, nil
}
