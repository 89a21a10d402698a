package cli

import (
	"fmt"
	"strings"

	"webenablehes/internal/audit"
	"webenablehes/internal/codelist"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

type codesCmd struct {
	Load   codesLoadCmd   `cmd:"" help:"Load code lists from files; all of them come into use together."`
	List   codesListCmd   `cmd:"" help:"List the code lists, the newest first."`
	Show   codesShowCmd   `cmd:"" help:"Say what a code means: our label, loaded titles, years, limits."`
	Remove codesRemoveCmd `cmd:"" help:"Remove a code list; an older one of its kind and edition comes back into use."`
}

// recordCodes writes into the access record that a code list was changed.
func (g *globals) recordCodes(what ...string) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	for _, w := range what {
		if err := reg.Record(g.ctx, audit.Event{At: g.now(), Kind: "codes", Actor: systemUser(), Question: w, Outcome: "done"}); err != nil {
			return err
		}
	}
	return nil
}

// restart is said after every change: the pages read the lists when they start.
const restart = "A site that is running takes the change up when it is started again."

type codesLoadCmd struct {
	Kind    string   `help:"What the files list: icd10, opcs4, ods, ods-successors or lsoa; found from the content if left out."`
	Edition string   `help:"Edition, such as 5 for ICD-10 or 4.10 for OPCS-4; found from the file's name if left out."`
	From    string   `help:"First day on which the edition is in use, 2016-04-01."`
	To      string   `help:"Last day on which it is in use."`
	Files   []string `arg:"" name:"file" help:"Files, unpacked." type:"path"`
}

// Run loads the lists.
func (c *codesLoadCmd) Run(g *globals) error {
	var drafts []*codelist.Draft
	for _, f := range c.Files {
		if err := g.ctx.Err(); err != nil {
			return err
		}
		d, err := codelist.Read(f, codelist.Options{Kind: codelist.Kind(c.Kind), Edition: c.Edition, From: c.From, To: c.To})
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
	}
	lists, err := g.codeLists().Add(drafts...)
	if err != nil {
		return err
	}
	var record []string
	for _, l := range lists {
		record = append(record, fmt.Sprintf("loaded %s: %s, edition %s, %d codes, SHA-256 %s", l.ID, l.Kind, l.Edition, l.Codes, l.SHA256))
		fmt.Fprintf(g.env.Out, "%s: %s, edition %s%s, %d codes, loaded as %s\n", l.Source, l.Kind, l.Edition, days(l.From, l.To), l.Codes, l.ID)
		for _, n := range l.Notes {
			fmt.Fprintf(g.env.Out, "  %s\n", n)
		}
	}
	if err := g.recordCodes(record...); err != nil {
		return err
	}
	_, err = fmt.Fprintln(g.env.Out, restart)
	return err
}

// days says from when to when something holds, with a comma before it; "" if
// that is not known.
func days(from, to string) string {
	switch {
	case from != "" && to != "":
		return ", " + from + " to " + to
	case from != "":
		return ", from " + from
	case to != "":
		return ", until " + to
	}
	return ""
}

type codesListCmd struct{}

// Run lists the code lists.
func (codesListCmd) Run(g *globals) error {
	all, err := g.codeLists().Lists()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(g.env.Out, "No code lists have been loaded: the short labels of the program are used.")
		return err
	}
	out := g.listing()
	fmt.Fprintln(out, "\tList\tKind\tEdition\tFrom\tTo\tCodes\tLoaded\tFile")
	for _, l := range all {
		state := ""
		switch {
		case l.Damaged:
			fmt.Fprintf(out, "damaged\t%s\n", l.ID)
			continue
		case l.InUse:
			state = "in use"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", state, l.ID, l.Kind, l.Edition, l.From, l.To, l.Codes, l.Loaded.Format("2006-01-02 15:04"), l.Source)
	}
	return out.Flush()
}

type codesShowCmd struct {
	List string `arg:"" help:"ICD10, OPCS4, PROVIDER, GPPRAC, LSOA, or another list of the data dictionary."`
	Code string `arg:"" help:"The code, with or without a point: L40.0."`
	Year string `help:"Financial year of the episode as FYEAR has it, 0809; the newest edition if left out."`
}

// Run says what a code means.
func (c codesShowCmd) Run(g *globals) error {
	if c.Year != "" {
		if err := codelist.CheckYear(c.Year); err != nil {
			return err
		}
	}
	_, codes, err := vocabulary()
	if err != nil {
		return err
	}
	titles, err := g.codeLists().Titles(codes)
	if err != nil {
		return err
	}
	list, code := strings.ToUpper(c.List), strings.ToUpper(strings.TrimSpace(c.Code))
	if list == "LSOA" {
		a, ok := titles.Area(code)
		if !ok {
			return fault.New(fault.NotFound, "No loaded list holds that LSOA.")
		}
		return g.facts([][2]string{{"Decile", a.Decile}, {"Region", strings.TrimSpace(a.RegionCode + " " + a.Region)}, {"ICB", strings.TrimSpace(a.ICBCode + " " + a.ICB)}})
	}
	if len(titles.Codes().Values(list)) == 0 {
		return fault.New(fault.NotFound, "There is no code list of that name: write ICD10, OPCS4, PROVIDER, GPPRAC or LSOA.")
	}
	label, known := titles.Label(list, code, c.Year)
	title, official := titles.Title(list, code, c.Year)
	if !known && !official && label == "" {
		return fault.New(fault.NotFound, "The code is not in the list, and no file that was loaded holds it.")
	}
	say := [][2]string{{"Code", hes.Display(list, strings.ReplaceAll(code, ".", ""))}, {"Label", label}}
	if official {
		text := fmt.Sprintf("%s (%s, list %s)", title.Text, title.Edition, title.List)
		if title.Outside {
			text += "; not valid in that year"
		}
		say = append(say, [2]string{"Title", text}, [2]string{"Valid", strings.TrimPrefix(days(title.From, title.To), ", ")})
		say = append(say, limits(title, codes)...)
	}
	for _, e := range titles.Editions(list, code) {
		if e.List != title.List {
			say = append(say, [2]string{"Also", fmt.Sprintf("%s (%s, list %s%s)", e.Text, e.Edition, e.List, days(e.From, e.To))})
		}
	}
	if list == hes.Provider {
		steps, split := titles.Successors(code)
		for _, s := range steps {
			name, _ := titles.Label(list, s.Code, "")
			say = append(say, [2]string{"Followed by", s.Code + days(s.Day, "") + ": " + name})
		}
		if split {
			say = append(say, [2]string{"Then", "the work was divided among several"})
		}
	}
	return g.facts(say)
}

// limits says to whom a code applies.
func limits(t codelist.Title, codes *hes.Codes) [][2]string {
	sex, _ := codes.Label("SEX", t.Sex)
	age := ""
	switch {
	case t.MinAge != "" && t.MaxAge != "":
		age = t.MinAge + " to " + t.MaxAge
	case t.MinAge != "":
		age = "from " + t.MinAge
	case t.MaxAge != "":
		age = "up to " + t.MaxAge
	}
	return [][2]string{{"Sex", sex}, {"Age", age}}
}

// facts prints names and texts, leaving out what is empty.
func (g *globals) facts(all [][2]string) error {
	out := g.listing()
	for _, f := range all {
		if f[1] != "" {
			fmt.Fprintf(out, "%s\t%s\n", f[0], f[1])
		}
	}
	return out.Flush()
}

type codesRemoveCmd struct {
	ID string `arg:"" help:"List to remove, as “codes list” names it."`
}

// Run removes a list.
func (c codesRemoveCmd) Run(g *globals) error {
	back, err := g.codeLists().Remove(c.ID)
	if err != nil {
		return err
	}
	what := "removed " + c.ID
	if back.ID != "" {
		what += "; " + back.ID + " is in use again"
	}
	if err := g.recordCodes(what); err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.env.Out, "%s.\n%s\n", strings.ToUpper(what[:1])+what[1:], restart)
	return err
}
