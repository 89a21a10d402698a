package view

import "webenablehes/internal/policy"

// Sheet is a table of lines whose cells lead somewhere: patients, spells, or one
// patient's episodes.
type Sheet struct {
	Class   string // "people", "spells" or "episodes"
	Columns []Column
	Lines   []SheetLine
	Legend  []Swatch
	Days    bool   // the access covers no dates: days are told in their place
	More    bool   // all columns are shown
	MoreURL string // the same with all, or with few columns; "" if there is no choice
}

// SheetLine is one line.
type SheetLine struct{ Cells []SheetCell }

// SheetCell is one cell.
type SheetCell struct {
	Label, Class      string
	Code, Text, Title string
	Missing, Key, Row bool       // not recorded; the short name of a patient; the link opens the line's episode
	Flag              string     // a remark beside it
	URL, Says         string     // where it leads, and what the link's name says behind the text
	Named             bool       // Says is the whole name
	Links             []Link     // several, each named by its Key
	Life              *LifeStrip // in place of text
}

// LifeStrip is a patient's episodes along time, one path for each colour.
type LifeStrip struct{ Paths []LifePath }

// LifePath is the episodes of one colour.
type LifePath struct{ Class, D string }

// Swatch explains a colour, or the mark of a death.
type Swatch struct {
	Class, Text string
	Died        bool
}

// Patient is one patient's page.
type Patient struct {
	Facts
	Agreement, Purpose, Patient string
	Matching, All, Shown        policy.Count // episodes that meet the filters; all that the agreement covers; those in the list
	Listed                      bool         // the list has all that match
	Days, Died                  bool         // the access covers no dates; the patient died in hospital
	Exception                   string       // until when the patient is open as an exception; ""
	Back, BackURL               string
	PreviousURL, NextURL        string // the patients beside this one on the page of the list
	Chips                       []Chip
	EverythingURL               string // the page without filters; "" if there are none
	Known                       []Fact
	Timeline                    Timeline
	Table                       Sheet
}

// Fact is something known of a patient.
type Fact struct{ Label, Value, Note string }

// Timeline is a patient's episodes as bars.
type Timeline struct {
	ByProvider bool
	Switch     []Tab
	Newest     int // only so many of the newest episodes are drawn; 0: all are
	Unplaced   int // episodes without a date on the timeline
	Years      []Place
	Lanes      []Lane
	Legend     []Swatch
}

// Lane is the bars of one condition group or provider.
type Lane struct {
	Label string
	Depth int // rows of bars, one below the other
	Bars  []LaneBar
}

// LaneBar is one episode.
type LaneBar struct {
	Class, At, Width, URL, Title string
	Row                          int
	Died                         bool
}

// The measures of a lane, in pixels: the height of a row of bars, the least width
// of a bar, and the room for the lane's name.
const (
	barHeight = 16
	barLeast  = 9
	laneHead  = 24
)

func laneHeight(l Lane) string   { return itoa(laneHead + l.Depth*barHeight + 4) }
func barTop(b LaneBar) string    { return itoa(laneHead + b.Row*barHeight) }
func barMiddle(b LaneBar) string { return itoa(laneHead + b.Row*barHeight + barHeight/2 - 1) }

func swatchPath(w Swatch) string {
	if w.Died {
		return "M1 1l8 8M9 1l-8 8"
	}
	return "M5 0v10"
}

func sheetClass(s Sheet, wrap bool) string {
	class := "grid sheet sheet--" + s.Class
	if s.More {
		class += " sheet--more"
	}
	if wrap {
		class += " grid--w"
	}
	return class
}

func sheetCellClass(c SheetCell) string {
	if c.Missing {
		return c.Class + " mut"
	}
	return c.Class
}
