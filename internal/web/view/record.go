package view

import (
	"cmp"
	"slices"
	"strings"
)

// Record is one episode: a page of its own, or the drawer beside a list.
type Record struct {
	Facts
	Agreement, Purpose            string
	Code, Label                   string // primary diagnosis; both "" if there is none
	About                         []string
	Key, Patient                  string
	ListURL, PreviousURL, NextURL string
	PatientURL                    string
	Diagnoses, Procedures         []Coded
	Course                        Course
	Sections                      []Section[Entry]
	Missing                       []Entry // fields that hold nothing
	File, Line                    string  // where the record was read; "" if not known
}

// Title heads the record.
func (r Record) Title() string {
	switch {
	case r.Code == "" && r.Label == "":
		return "No primary diagnosis recorded"
	case r.Label == "":
		return r.Code
	}
	return r.Label
}

// Coded is a diagnosis or procedure in its place.
type Coded struct {
	Name, Place, Code, Label, When string // Name is the field's
	Delivered, Cleaned             string // as in Entry
}

// Course is the patient's episodes in the order of time, this one among them.
type Course struct {
	Says   string // "7 episodes that your agreement covers."
	Days   bool   // in days since the first admission
	Lanes  int    // of the strip
	Years  []Place
	Others []Other
}

// Place names a point of the strip.
type Place struct{ At, Text string } // At is from the left, in percent

// Other is one of the patient's episodes.
type Other struct {
	URL, When, Code, Label, Provider string
	This, Duplicate                  bool
	At                               string // on the strip; "" if nobody knows when
	Lane                             int
}

// Add puts an entry under its heading.
func (r *Record) Add(group string, e Entry) { r.Sections = add(r.Sections, group, e) }

// PutFirst moves sections to the front, in the order named; what a clinician
// looks for comes first.
func (r *Record) PutFirst(titles ...string) {
	rank := func(s Section[Entry]) int {
		if i := slices.Index(titles, s.Title); i >= 0 {
			return i
		}
		return len(titles)
	}
	slices.SortStableFunc(r.Sections, func(a, b Section[Entry]) int { return cmp.Compare(rank(a), rank(b)) })
}

func (r Record) about() string { return strings.Join(r.About, ", ") }

// cleaned says what a delivered text was cleaned to.
func cleaned(text string) string {
	if text == "" {
		return "not recorded"
	}
	return "“" + text + "”"
}

// atLine ends the sentence that says where a record was read.
func atLine(r Record) string {
	if r.Line == "" {
		return "."
	}
	return ", line " + r.Line + "."
}

// The strip's sizes.
const (
	stripMark = 10 // side of a mark
	stripLane = 14
)

func stripHeight(c Course) string { return itoa(c.Lanes*stripLane + 6) }

func laneTop(o Other) string { return itoa(4 + o.Lane*stripLane) }

// drawnLast puts this episode on top of those that it overlaps.
func drawnLast(others []Other) []Other {
	out := slices.Clone(others)
	slices.SortStableFunc(out, func(a, b Other) int {
		switch {
		case a.This == b.This:
			return 0
		case b.This:
			return -1
		}
		return 1
	})
	return out
}
