package warehouse

import (
	"crypto/aes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// Row, patient and cursor ids in URLs are one encrypted block each, under a key
// of the person and purpose that were shown them. Another person's id decrypts
// to noise, and so does a guess: 8 of the 16 bytes must come out as expected.

type idKind byte

const (
	episodeID idKind = 'e'
	patientID idKind = 'p'
	afterID   idKind = 'a'
	beforeID  idKind = 'b'
	spellID   idKind = 's'
)

// keyring makes the ids of one access over one release.
type keyring struct {
	block   func(dst, src []byte)
	open    func(dst, src []byte)
	label   []byte
	release [4]byte
}

func newKeyring(master []byte, acc policy.Access, release string) (*keyring, error) {
	info := "webenable ids\x00" + acc.Account() + "\x00" + acc.Purpose()
	key, err := hkdf.Key(sha256.New, master, nil, info, 64)
	if err != nil {
		return nil, fmt.Errorf("derive id key: %w", err)
	}
	c, err := aes.NewCipher(key[:32])
	if err != nil {
		return nil, fmt.Errorf("make id cipher: %w", err)
	}
	k := &keyring{block: c.Encrypt, open: c.Decrypt, label: key[32:]}
	sum := sha256.Sum256([]byte(release))
	copy(k.release[:], sum[:4])
	return k, nil
}

// seal makes an id: kind, three zero bytes, the release, the row or person,
// and a word that binds it to its use (zero, or the hash of a question).
func (k *keyring) seal(kind idKind, n, bind uint32) string {
	var b [16]byte
	b[0] = byte(kind)
	copy(b[4:8], k.release[:])
	binary.BigEndian.PutUint32(b[8:], n)
	binary.BigEndian.PutUint32(b[12:], bind)
	k.block(b[:], b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// unseal reads an id back. A foreign, garbled or guessed id is NotFound; one
// of an earlier release is Gone.
func (k *keyring) unseal(kind idKind, id string, bind uint32) (uint32, error) {
	missing := fault.New(fault.NotFound, "There is no such record, or it is not one that you may see.")
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || len(raw) != 16 {
		return 0, missing
	}
	k.open(raw, raw)
	if raw[0] != byte(kind) || raw[1] != 0 || raw[2] != 0 || raw[3] != 0 {
		return 0, missing
	}
	if [4]byte(raw[4:8]) != k.release { // before its use: another release may put the same page to another question
		return 0, fault.New(fault.Gone, "The data have been replaced by a newer release since this page was made. Start again from the first page.")
	}
	if binary.BigEndian.Uint32(raw[12:]) != bind {
		return 0, missing
	}
	return binary.BigEndian.Uint32(raw[8:]), nil
}

const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ" // no 0 1 I O: they are mistaken for each other

// pseudonym is the short name under which a person's rows are shown, "9XM WZR":
// the same for one access in all releases, and another for everybody else.
func (k *keyring) pseudonym(personKey string) string {
	if personKey == "" {
		return ""
	}
	mac := hmac.New(sha256.New, k.label)
	mac.Write([]byte(personKey))
	bits := binary.BigEndian.Uint32(mac.Sum(nil))
	out := make([]byte, 0, 7)
	for i := range 6 {
		if i == 3 {
			out = append(out, ' ')
		}
		out = append(out, alphabet[bits>>(5*i)&31])
	}
	return string(out)
}
