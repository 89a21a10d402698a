package registry

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"
	"unicode/utf8"

	"webenablehes/internal/imprint"
)

// Message is a question that somebody sent, signed in or not.
type Message struct {
	ID         int64
	Name       string
	Email      string
	Text       string
	Sent       time.Time
	Answered   time.Time // zero: not yet
	AnsweredBy string    // account name
}

// Key is by what a message is known that is sent again before it was answered: it
// is the same message, and not another one.
func (m Message) Key() []byte {
	h := sha256.New()
	for _, text := range []string{m.Name, m.Email, m.Text} {
		sum := sha256.Sum256([]byte(text))
		h.Write(sum[:])
	}
	return h.Sum(nil)
}

// MessageKept is how long a message is kept after it was answered.
const MessageKept = 365 * 24 * time.Hour

// Messages keeps the questions that people send.
type Messages interface {
	// AddMessage keeps a message. One that has the key of another that was not answered
	// yet gives an error of kind Conflict.
	AddMessage(ctx context.Context, m Message) error
	HasMessage(ctx context.Context, key []byte) (bool, error) // that was not answered yet
	Message(ctx context.Context, id int64) (Message, error)
	Messages(ctx context.Context) ([]Message, error) // the newest first
	// AnswerMessage marks a message; one that is marked gives an error of kind Conflict.
	AnswerMessage(ctx context.Context, id int64, by string, at time.Time) error
	// DropMessages removes those that were answered before a moment.
	DropMessages(ctx context.Context, answered time.Time) error
}

// MessageProblems says what is wrong with a message.
func MessageProblems(m Message) []Problem {
	var out []Problem
	check := func(wrong bool, at, say string) {
		if wrong && (len(out) == 0 || out[len(out)-1].At != at) {
			out = append(out, Problem{at, say})
		}
	}
	check(m.Name == "", "name", "Give your name.")
	check(utf8.RuneCountInString(m.Name) > 100, "name", "A name takes at most 100 characters.")
	check(!oneLine(m.Name), "name", signs)
	check(m.Email == "", "email", "Give your work email, so that you can be answered.")
	check(!imprint.IsEmail(m.Email), "email", "Write an email address, such as name@example.org.")
	check(utf8.RuneCountInString(m.Text) < 10, "question", "Write your question, in at least 10 characters.")
	check(utf8.RuneCountInString(m.Text) > 4000, "question", "A question takes at most 4,000 characters.")
	check(!legible(strings.ReplaceAll(m.Text, "\r", "\n")), "question", signs)
	return out
}
