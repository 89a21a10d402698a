package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Verifier checks a chain entry by entry. The zero Verifier stands before the
// first entry.
type Verifier struct {
	seq  int64
	head string
}

// Next checks the next entry. The error names the entry that is wrong: one is
// missing or out of place before it, its hash is not that of its content, or its
// content is not the canonical form of an event.
func (v *Verifier) Next(e Entry) error {
	if e.Seq != v.seq+1 {
		return fmt.Errorf("entry %d: it should be entry %d, so entries are missing or out of place", e.Seq, v.seq+1)
	}
	if Link(e.Seq, v.head, e.Body) != e.Hash {
		return fmt.Errorf("entry %d: its content or its place in the chain was changed", e.Seq)
	}
	var event Event
	if err := json.Unmarshal(e.Body, &event); err != nil {
		return fmt.Errorf("entry %d: it is not an event", e.Seq)
	}
	if again, err := Encode(event); err != nil || !bytes.Equal(again, e.Body) {
		return fmt.Errorf("entry %d: it is not written in the canonical form", e.Seq)
	}
	v.seq, v.head = e.Seq, e.Hash
	return nil
}

// Head returns the number of entries checked and the hash of the last one. Kept
// elsewhere, it shows later whether the end of the record was cut off.
func (v *Verifier) Head() (entries int64, hash string) { return v.seq, v.head }
