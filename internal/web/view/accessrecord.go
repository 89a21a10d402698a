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
	Refused                                             bool // stands out
	Release, Unit, Address, Request, Hash               string
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
	Filtered                                   bool
	Events                                     Events
}

// WhoSaw is the page that asks who saw a patient.
type WhoSaw struct {
	Error  string
	Asked  bool
	Mark   string // of the patient
	Before string // number of the last event shown; "" if there are no older ones
	Events Events
}

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
