// Package audit is the record of who saw what, when and why.
//
// Every answer that leaves the warehouse has one Event, written before the
// answer's first byte; if it cannot be written there is no answer. Events form
// a chain: each entry's hash covers its canonical bytes and the hash of the
// entry before it, so that a changed, removed, inserted or reordered entry
// shows when the chain is checked (Verify), offline and with nothing but the
// log.
//
// An event names people, purposes, releases and questions. It never holds a
// value of a patient's record, nor an id of one: the question is in the words of
// query.String, and the patients whose rows were shown are marks (Mark), which only
// somebody who knows the patient's key can look for.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is one thing that happened and must be answerable for.
type Event struct {
	At       time.Time `json:"at"`                 // UTC, to the millisecond
	Kind     string    `json:"kind"`               // "view", "record", "table", "file", "sign-in", "sign-in-refused", "sign-out", "user-added", "load", "dump", "page" for what a page refused by itself, …
	Actor    string    `json:"actor"`              // account name, or the operating-system user of a command
	Role     string    `json:"role,omitempty"`     // role at the time
	Purpose  string    `json:"purpose,omitempty"`  // agreement or purpose under which it was asked
	Release  string    `json:"release,omitempty"`  // release that answered
	Question string    `json:"question,omitempty"` // in words
	Unit     string    `json:"unit,omitempty"`     // what a row stands for
	Rows     int       `json:"rows"`               // patient-level rows shown
	Outcome  string    `json:"outcome"`            // "shown", "refused", "failed", "done"; "begun" is followed by one of the others
	Address  string    `json:"address,omitempty"`  // network address of the client
	Request  string    `json:"request,omitempty"`  // id of the request, as on error pages and in the log
	Persons  Persons   `json:"persons,omitempty"`  // marks of the patients whose rows were shown; events of before there were any have none
}

// Recorder writes events. Record returns nil only when the event is durable:
// a power cut after that cannot lose it. It is safe for concurrent use.
type Recorder interface {
	Record(ctx context.Context, e Event) error
}

// Entry is an event in the chain.
type Entry struct {
	Seq   int64  // from 1, without gaps
	Body  []byte // Event in canonical bytes, see Encode
	Hash  string // hex SHA-256, see Link
	Event Event
}

// Encode returns the canonical bytes of an event: JSON with the fields in the
// order of the type, times in UTC to the millisecond. Bytes that are no text
// become a mark of that: written as they came they would read back as something
// else, and an entry that is not as it was written looks like one that was changed.
func Encode(e Event) ([]byte, error) {
	e.At = e.At.UTC().Truncate(time.Millisecond)
	for _, s := range [...]*string{&e.Kind, &e.Actor, &e.Role, &e.Purpose, &e.Release, &e.Question, &e.Unit, &e.Outcome, &e.Address, &e.Request, (*string)(&e.Persons)} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	return b, nil
}

// Link returns the hash of an entry: SHA-256 over the sequence number, the hash
// of the entry before it ("" for the first) and the body, each on a line.
func Link(seq int64, before string, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n", seq, before)
	h.Write(body)
	h.Write([]byte{'\n'})
	return hex.EncodeToString(h.Sum(nil))
}
