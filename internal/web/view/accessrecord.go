package view

import (
	"strings"

	"webenablehes/internal/policy"
)

// Numbers on these pages are those of the access record's events: how many rows
// and patients one person was shown. They are texts, as the record has them.

// Event is one entry of the access record.
type Event struct {
	Number, When, Person, Role, Kind, Purpose, Question string
	Shown, People                                       string // rows, and patients whose rows they are; "" is none
	Outcome                                             string
	Refused                                             bool   // stands out
	Recorded                                            string // the question, letter for letter
	Release, Unit, Address, Request, Hash               string
	PersonURL, AgreementURL, OthersURL                  string // "": there is no such page
}

// Events are the lines of a page, and the pages beside it.
type Events struct {
	Lines        []Event
	Newer, Older string // addresses; "" if there are none
}

// EventList is the page of the access record.
type EventList struct {
	Tab                                        string
	Person, Agreement, Kind, Outcome, From, To string
	Kinds                                      []Pair // to choose from
	People, Agreements                         []Pair // that are suggested
	Spans                                      []Span
	Filtered                                   bool
	Events                                     Events
}

// Span is a way to the same events of other days.
type Span struct {
	Text, URL string
	Now       bool
}

// WhoSaw is the page that asks who saw a patient.
type WhoSaw struct {
	Error   string
	Asked   bool
	Mark    string // of the patient
	Before  string // number of the last event shown; "" if there are no older ones
	Further bool   // a page after the first, which says nothing of people
	Seers   []Seer
	Events  Events
}

// Seer is somebody who was shown rows of a patient.
type Seer struct{ Person, Times, Shown, First, Last, Agreements, URL string }

// Bulk is the page of who was shown how much.
type Bulk struct {
	By, Day, Title           string
	Earlier, Later           string // "": the span has not begun
	DayURL, WeekURL          string
	ByPatientsURL, ByRowsURL string
	ByRows                   bool
	Lines                    []BulkLine
}

// BulkLine is one person.
type BulkLine struct {
	Person, URL          string
	Views, Shown, People string
	Usual, Limit         string
	Marked               bool
}

// Checkpoints is the page of what was signed.
type Checkpoints struct {
	Overdue bool
	List    []Checkpoint
}

// Checkpoint is one of them.
type Checkpoint struct{ When, Entries, Text string }

// Outcomes are the outcomes of events.
func Outcomes() []Pair {
	return []Pair{{"shown", "Shown"}, {"refused", "Refused"}, {"done", "Done"}, {"failed", "Failed"}, {"begun", "Begun"}}
}

// KindLabel names a kind of event; one without a name here by its own, "user-closed"
// as "User closed".
func KindLabel(kind string) string {
	known := []Pair{
		{"view", "List or charts seen"}, {"record", "One episode seen"}, {"patient", "One patient seen"}, {"table", "Fixed table seen"}, {"file", "File of counts"},
		{"report", "Load report seen"}, {"page", "Page asked for"}, {"oversight", "Access record seen"}, {"own-record", "Own events seen"},
		{"sign-in", "Signed in"}, {"sign-out", "Signed out"}, {"purpose", "Purpose chosen"}, {"dump", "Release handed out"}, {"codes", "Code lists"},
		{"app", "Authenticator app"}, {"optout", "Opt-outs"},
	}
	if name := named(known, kind); name != kind || kind == "" {
		return name
	}
	return strings.ToUpper(kind[:1]) + strings.ReplaceAll(kind[1:], "-", " ")
}

func named(list []Pair, key string) string {
	for _, p := range list {
		if p.Key == key {
			return p.Value
		}
	}
	return key
}

// RoleLabel names a role as the record has it.
func RoleLabel(role string) string {
	if role == "" {
		return ""
	}
	return policy.Role(role).Label()
}

// oversightTabs are the pages of the access record.
func oversightTabs() []Link {
	return []Link{{Text: "All events", URL: "/oversight/record", Key: "record"}, {Text: "Refusals", URL: "/oversight/record?outcome=refused", Key: "refusals"}, {Text: "Alerts", URL: "/oversight/record?kind=alert", Key: "alerts"},
		{Text: "Who saw a patient", URL: "/oversight/patient", Key: "patient"}, {Text: "Bulk viewing", URL: "/oversight/bulk", Key: "bulk"}, {Text: "Checkpoints", URL: "/oversight/checkpoints", Key: "checkpoints"}}
}

// command is what writes the events of a page to a file on the server, its other
// pages too.
func (x EventList) command() string {
	out := "webenable audit export --out events.csv --format csv"
	for _, p := range [...]Pair{{"person", x.Person}, {"purpose", x.Agreement}, {"kind", x.Kind}, {"outcome", x.Outcome}, {"from", x.From}, {"to", x.To}} {
		if p.Value != "" {
			out += " --" + p.Key + " '" + strings.ReplaceAll(p.Value, "'", `'\''`) + "'"
		}
	}
	return out
}

// short is an event's question without which columns and values the page showed
// beside the rows; the event's own page has them.
func (e Event) short() string {
	out := e.Question
	for _, from := range [...]string{", showing ", ", with the values of "} {
		if i := strings.Index(out, from); i >= 0 {
			out = out[:i] + " …"
		}
	}
	return out
}
