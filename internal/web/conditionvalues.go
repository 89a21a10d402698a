package web

import (
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/web/view"
)

const (
	mostTicked = 12  // the longest code list whose values are all there to be ticked
	mostListed = 300 // the longest that is offered under a value's box
	mostRead   = 6   // values whose meaning is said under their box
	mostTyped  = 200 // values whose meaning is looked up
)

// values are the values that a field is known to have, where they are few enough
// to be offered; nil where they are not.
func (b *builder) values(f hes.Field) []hes.CodeValue {
	var out []hes.CodeValue
	switch {
	case f.Name == hes.YearField:
		for _, year := range b.sc.facts.Years {
			out = append(out, hes.CodeValue{Code: year, Label: yearLabel(year)})
		}
	case f.Name == subsetField || f.Family == subsetField:
		for _, r := range b.sc.facts.Rules {
			out = append(out, hes.CodeValue{Code: r.ID, Label: ruleLabel(r)})
		}
	case b.s.c.Codes.Closed(f.Codes) && len(b.s.c.Codes.Values(f.Codes)) <= mostListed:
		out = b.s.c.Codes.Values(f.Codes)
	}
	return out
}

// one reads one value as people write it: a code, its meaning, a day.
func (b *builder) one(f hes.Field, t typed) (string, error) {
	text := t.text
	switch {
	case t.quoted:
	case f.Type == hes.Date:
		first, err := dayOf(f, text, false)
		if last, _ := query.Day(text, true); err == nil && last != first {
			return "", fault.New(fault.Invalid, "That is a whole month: choose “is from … to” and write it at both ends.")
		}
		return first, err
	default:
		text = b.code(f, text)
	}
	return text, sayLabel(f, query.CheckValue(f, text))
}

// code is the code that is meant by what somebody typed: itself, as the data
// write it, or the code with this meaning.
func (b *builder) code(f hes.Field, text string) string {
	switch f.Type {
	case hes.Int, hes.Decimal:
		return plainNumber(text)
	}
	if f.Codes == hes.ICD10 || f.Codes == hes.OPCS4 {
		return strings.ToUpper(strings.NewReplacer(".", "", " ", "").Replace(text))
	}
	list := b.values(f)
	if list == nil {
		list = b.s.c.Codes.Values(f.Codes)
	}
	for _, same := range [...]func(hes.CodeValue) bool{
		func(c hes.CodeValue) bool { return c.Code == text },
		func(c hes.CodeValue) bool { return strings.EqualFold(c.Code, text) },
		func(c hes.CodeValue) bool { return strings.EqualFold(c.Label, text) },
	} {
		if i := slices.IndexFunc(list, same); i >= 0 {
			return list[i].Code
		}
	}
	return text
}

// plainNumber writes a number as the data do: 007 is 7, +1.50 is 1.5.
func plainNumber(text string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = "-", rest
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	if text == "" || strings.Trim(text, "0123456789.") != "" {
		return sign + text
	}
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if text = strings.TrimLeft(text, "0"); text == "" || text[0] == '.' {
		text = "0" + text
	}
	if text == "0" {
		return text
	}
	return sign + text
}

// write writes a value as it stands in the form, so that it is read back as the
// same: in quotes where it would be taken for something else.
func (b *builder) write(field, value string) string {
	f, _ := b.s.c.Dictionary.Field(field)
	if t := splitTyped(value); len(t) == 1 && t[0] == (typed{text: value}) && !t[0].missing() {
		read := value
		if f.Type != hes.Date {
			read = b.code(f, value)
		}
		if read == value {
			return value
		}
	}
	return quoteTyped(value)
}

// sayLabel names the field of an error as people do.
func sayLabel(f hes.Field, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Invalid, "%s", strings.Replace(fault.Say(err), f.Name, f.Label, 1))
}

// dayOf reads a day; a month or a year is its first or last.
func dayOf(f hes.Field, text string, last bool) (string, error) {
	if iso, ok := query.Day(text, last); ok || text == "" {
		return iso, nil
	}
	return "", fault.New(fault.Invalid, "%s: write a day as 2008-04-01 or 1/4/2008, a month as 2008-04 or Apr 2008, or a year as 2008.", f.Label)
}

// edge reads an end of a span; a month or a year is its first or its last day.
func (b *builder) edge(f hes.Field, text string, last bool) (string, error) {
	values := splitTyped(text)
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", fault.New(fault.Invalid, "Write one value at each end.")
	case f.Type == hes.Date && !values[0].quoted:
		return dayOf(f, values[0].text, last)
	}
	return b.one(f, values[0])
}

// spanOf takes apart a span that was written into one box: "18..64", "18 to 64".
func spanOf(text string) (from, to string, ok bool) {
	for _, between := range [...]string{"..", " to ", "–"} {
		if from, to, ok = strings.Cut(text, between); ok && !strings.Contains(text, `"`) {
			return strings.TrimSpace(from), strings.TrimSpace(to), true
		}
	}
	return "", "", false
}

// ticks are the values of a short list as boxes to tick, and whatever else stands
// among them.
func (b *builder) ticks(f hes.Field, value string) []view.Tick {
	list := b.values(f)
	if len(list) == 0 || len(list) > mostTicked {
		return nil
	}
	var on, rest []string
	for _, t := range splitTyped(value) {
		read, err := b.one(f, t)
		switch {
		case t.missing():
			on = append(on, notRecorded)
		case err == nil && slices.ContainsFunc(list, func(c hes.CodeValue) bool { return c.Code == read }):
			on = append(on, read)
		case t.quoted:
			rest = append(rest, quoteTyped(t.text))
		default:
			rest = append(rest, t.text)
		}
	}
	var out []view.Tick
	for _, c := range list {
		label := c.Label
		if slices.ContainsFunc(list, func(o hes.CodeValue) bool { return o.Label == c.Label && o.Code != c.Code }) {
			label += " (" + c.Code + ")"
		}
		out = append(out, view.Tick{Value: b.write(f.Name, c.Code), Label: label, On: slices.Contains(on, c.Code)})
	}
	out = append(out, view.Tick{Value: notRecorded, Label: "Not recorded", On: slices.Contains(on, notRecorded)})
	for _, text := range rest {
		out = append(out, view.Tick{Value: text, Label: strings.Trim(text, `"`), On: true})
	}
	return out
}

// reads says what the codes in a box mean.
func (b *builder) reads(f hes.Field, value string) string {
	if f.Codes == "" && f.Name != hes.YearField {
		return ""
	}
	values := splitTyped(value)
	var out []string
	said := false
	for _, t := range values[:min(len(values), mostTyped)] {
		read, err := b.one(f, t)
		if err != nil || t.missing() {
			continue
		}
		code, label := b.s.optionLabel(b.sc, f, read)
		if code == "" && label != read {
			code = read
		}
		said = said || label != "" && label != read
		out = append(out, strings.TrimSpace(code+" "+label))
	}
	if !said {
		return ""
	}
	return strings.Join(shorten(out, mostRead), ", ")
}
