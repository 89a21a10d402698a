package hes

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The lines of a description are as long as a terminal's, less a margin; what is
// said of a field stands in a column of its own.
const (
	describeWidth  = 78
	describeIndent = 13
)

// Describe returns a plain text about a field for people at a terminal: what it
// means, how its values are written, who may see it, and its codes with their
// labels. The clinical lists are too long to print and are only counted.
func (d *Dictionary) Describe(f Field, c *Codes) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n\n%s\n\n", f.Name, f.Label, wrap(f.Meaning, describeWidth))

	row := func(head, text string) {
		if text != "" {
			text = wrap(text, describeWidth-describeIndent)
			fmt.Fprintf(&b, "%-*s%s\n", describeIndent, head, strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", describeIndent)))
		}
	}
	row("Type", f.Type.String()+": "+f.Type.Says())
	row("Class", f.Class.String()+": "+f.Class.Says())
	row("Group", f.Group)
	switch {
	case f.List():
		row("Positions", fmt.Sprintf("%d, from %s to %s", f.Slots, f.SlotName(1), f.SlotName(f.Slots)))
	case f.Family != "":
		row("Position", fmt.Sprintf("%d of %s", f.Slot, f.Family))
	}
	row("Collected", span(f.From, f.To))
	row("Same as", f.AliasOf)
	row("Other names", strings.Join(d.Aliases(f), ", "))
	row("Repeats", f.Repeats)
	row("Source", SourceText(f.Source))

	values := c.Values(f.Codes)
	switch {
	case len(values) == 0:
	case f.Codes == ICD10 || f.Codes == OPCS4:
		row("Codes", fmt.Sprintf("%s, %d of them with a short label", clinicalName(f.Codes), len(values)))
	default:
		head := "Codes"
		if !c.Closed(f.Codes) {
			head = "Codes, among other values"
		}
		fmt.Fprintf(&b, "\n%s\n%s", head, codeTable(values))
	}
	return b.String()
}

// Aliases returns the other names of a field, slot for slot.
func (d *Dictionary) Aliases(f Field) []string {
	base := f.Name
	if f.Family != "" {
		base = f.Family
	}
	var out []string
	for _, other := range d.fields {
		switch {
		case other.AliasOf != base:
		case f.Family != "":
			out = append(out, other.SlotName(f.Slot))
		default:
			out = append(out, other.Name)
		}
	}
	return out
}

// codeTable sets codes, labels and years in columns.
func codeTable(values []CodeValue) string {
	code, label := 0, 0
	for _, v := range values {
		code, label = max(code, utf8.RuneCountInString(v.Code)), max(label, utf8.RuneCountInString(v.Label))
	}
	var b strings.Builder
	for _, v := range values {
		line := fmt.Sprintf("  %-*s  %-*s  %s", code, v.Code, label, v.Label, span(v.From, v.To))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// Says is how values of the type are written.
func (t Type) Says() string {
	return [...]string{"",
		Code:    "a code or short text, leading zeros kept",
		Key:     "an identifier, always text",
		Date:    "a day, written 2008-04-01",
		Int:     "a whole number",
		Decimal: "a decimal number",
	}[t]
}

// Says is what the class means for who may see a field.
func (c Class) Says() string {
	return [...]string{"",
		Public:     "says nothing of a patient",
		Ordinary:   "the body of the record",
		Quasi:      "may identify when combined, hidden unless an agreement lists it",
		Sensitive:  "hidden unless an agreement lists it",
		Prohibited: "identifies, refused unless an agreement lists it",
	}[c]
}

func clinicalName(list string) string {
	if list == ICD10 {
		return "ICD-10"
	}
	return "OPCS-4"
}

// span says in words from when to when something held.
func span(from, to string) string {
	switch {
	case from != "" && to != "":
		return from + " to " + to
	case from != "":
		return "since " + from
	case to != "":
		return "until " + to
	}
	return ""
}

// SourceText spells out the short names in the dictionary's column "source".
func SourceText(source string) string {
	return strings.NewReplacer(
		"+", "; ",
		"TOS", "HES technical output specification",
		"DICT2010", "HES data dictionary of 2010",
		"ARTIF", "NHS Digital's artificial data",
		"RAW265", "a delivery of 265 columns",
		"CURED-RULES", "rules of the CUREd research database",
		"SCHEMA-or-PIPELINE", "research code only",
		"delivery", "names met in deliveries",
	).Replace(source)
}

// wrap breaks a text into lines no longer than width, between words.
func wrap(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == 0:
		case at+1+n > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
