package warehouse

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"webenablehes/internal/audit"
)

// marker makes the marks by which the access record knows patients, under a key
// of its own: neither an id nor a pseudonym tells of a mark.
type marker struct{ key []byte }

func newMarker(master []byte) (marker, error) {
	key, err := hkdf.Key(sha256.New, master, nil, "webenable access record", 32)
	if err != nil {
		return marker{}, fmt.Errorf("derive key of the access record: %w", err)
	}
	return marker{key}, nil
}

func (m marker) mark(personKey string) audit.Mark {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(personKey))
	return audit.Mark(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:audit.MarkLength/4*3]))
}

// marks are those of person keys; rows of nobody known have none.
func (w *Warehouse) marks(personKeys []string) audit.Persons {
	var out []audit.Mark
	seen := map[string]bool{"": true}
	for _, key := range personKeys {
		if !seen[key] {
			seen[key] = true
			out = append(out, w.marker.mark(key))
		}
	}
	return audit.NewPersons(out)
}

// Mark returns the mark of a patient whose person key somebody types who asks
// who saw the patient. There need be no such patient.
func (w *Warehouse) Mark(personKey string) audit.Mark {
	return w.marker.mark(strings.TrimSpace(personKey))
}
