package oversight

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/registry"
)

// Version names what an agreement says, its evidence included.
func Version(a registry.Agreement) string { return version(a) }

func version(of any) string {
	b, err := json.Marshal(of)
	if err != nil { // plain data can always be written
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// PlaceVersion names what is on file of a place, but for the person's own
// confirmation; "" where there is no place.
func PlaceVersion(m registry.Member) string {
	if m.UserID == 0 {
		return ""
	}
	m.Attested = time.Time{}
	return version(m)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + day(t)
}

// Part is one thing that an agreement says.
type Part struct{ What, Says string }

// Says is all that an agreement says, in words.
func Says(a registry.Agreement) []Part {
	yes := func(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] }
	out := []Part{
		{"title", a.Title}, {"basis", string(a.Basis)}, {"organisation", a.Organisation}, {"from", day(a.From)}, {"until", day(a.Until)}, {"data sets", strings.Join(a.Subsets, " ")},
		{"years", strings.Join(a.Years, " ")}, {"fields", strings.Join(a.Fields, " ")}, {"files", strings.Join(a.Exports, " ")}, {"provider", a.Provider}, {"specialties", strings.Join(a.Specialties, " ")},
		{"consultants", strings.Join(a.Consultants, " ")}, {"look-back", fmt.Sprint(a.LookBack)}, {"whole history", yes(a.Whole)}, {"exceptions", yes(a.Exceptions)}, {"terms", a.Terms},
	}
	proofs := map[string]string{}
	for _, p := range a.Proofs {
		proofs[string(p.Kind)] = p.Ref + " from " + day(p.From) + until(p.Until)
	}
	for _, kind := range [...]string{"dspt", "protocol", "rec", "cag", "opt-out"} {
		out = append(out, Part{kind, proofs[kind]})
	}
	return out
}

// says is a new agreement in words for the record.
func says(a registry.Agreement) string {
	var out []string
	for _, p := range Says(a) {
		if p.Says != "" && p.Says != "no" && p.Says != "0" && p.What != "title" {
			out = append(out, p.What+": "+p.Says)
		}
	}
	return strings.Join(out, "; ")
}

// changed is what differs between two versions of an agreement.
func changed(was, is registry.Agreement) string {
	var out []string
	before := Says(was)
	for i, p := range Says(is) {
		if old := before[i].Says; old != p.Says {
			out = append(out, p.What+": "+orNothing(p.Says)+" (was "+orNothing(old)+")")
		}
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, "; ")
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// Moment reads a day or a moment as people write it: 31/03/2027 or 2027-03-31,
// with 17:00 after it or without. last: a day stands for its end.
func Moment(text string, zone *time.Location, last bool) (time.Time, error) {
	text = strings.Join(strings.Fields(strings.Replace(text, "T", " ", 1)), " ")
	for _, form := range [...]string{"2006-01-02", "2/1/2006", "2 January 2006", "2 Jan 2006"} {
		if t, err := time.ParseInLocation(form+" 15:04", text, zone); err == nil {
			return t, nil
		}
		t, err := time.ParseInLocation(form, text, zone)
		if err != nil {
			continue
		}
		if last {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	return time.Time{}, fault.New(fault.Invalid, "Write a day as 31/03/2027 or 2027-03-31, and a moment with 17:00 after it.")
}

// Written is a moment as Moment reads it back; "" for none.
func Written(t time.Time, zone *time.Location, last bool) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(zone)
	switch midnight := t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0; {
	case midnight && last:
		return t.AddDate(0, 0, -1).Format("02/01/2006")
	case midnight:
		return t.Format("02/01/2006")
	}
	return t.Format("02/01/2006 15:04")
}

// Fields returns fields by their names in the dictionary.
func Fields(dict *hes.Dictionary, names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		f, ok := dict.Field(strings.ToUpper(name))
		if !ok {
			return nil, fault.New(fault.Invalid, "There is no field %s in the data dictionary.", name)
		}
		out = append(out, f.Name)
	}
	return out, nil
}
