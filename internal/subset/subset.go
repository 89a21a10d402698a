// Package subset says which episodes a release keeps.
//
// A subset is a small text file that a researcher can review: a name, a title
// and up to nine rules, each a condition of package query under an id and a
// title. A release keeps an episode that meets any of the rules, and the derived
// field SUBSET_n remembers which ones; the explorer starts with some of them as a
// filter that can be taken off. A site writes a file of its own in the form of
// those in data/:
//
//	subset  dermatology            # the name; in the release's manifest
//	title   Dermatology            # for people
//	people  no                     # yes: all episodes of everyone who ever qualifies
//	start   N1                     # rules that the explorer starts with; may be left out
//	rule N1 "Care under dermatology"
//	    MAINSPEF is 330 or TRETSPEF is 330, 257
//
// An indented line goes on with the one before it, and from "#" to the end of the
// line is a remark. Conditions are written as query.ParseExpr reads them.
//
// A rule looks at one episode alone, so that an episode is in or out whichever
// other files are loaded with it. Of the derived fields it can therefore ask for
// those that follow from the episode itself; and it cannot ask for fields that
// identify a patient, for older names or for columns that a load leaves out.
//
// Compile prepares a condition for the millions of rows of a load.
package subset

import (
	"embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

//go:embed data/*.subset
var files embed.FS

// All is the name of the subset that keeps every episode. It has no rules.
const All = "all"

// suffix of a subset's file.
const suffix = ".subset"

// maxFile is how many bytes a site's own file may have: nine rules of long code
// lists are far below it, and a data file given by mistake is not read.
const maxFile = 1 << 20

// MaxRules is how many rules a subset may have: the slots of SUBSET_n.
const MaxRules = 9

// Subset is a named choice of episodes.
type Subset struct {
	Name   string   // "dermatology"
	Title  string   // for people: "Dermatology"
	People bool     // all episodes of everyone who has a qualifying one; an episode without a person key stands for itself
	Start  []string // ids of the rules that the explorer starts with; empty: every episode of the release
	Rules  []Rule   // an episode qualifies that meets any of them; none: every episode qualifies
	Text   string   // as written, for the manifest; empty for All
}

// Rule is one way to qualify.
type Rule struct {
	ID    string // "N1": a value of the derived field SUBSET_n
	Title string // for people: "Care under dermatology"
	Where query.Expr
}

// String says in plain words what the subset keeps.
func (s Subset) String() string {
	if len(s.Rules) == 0 {
		return s.Title
	}
	rules := make([]string, len(s.Rules))
	for i, r := range s.Rules {
		rules[i] = r.ID + " (" + r.Title + ")"
	}
	list := rules[0]
	if last := len(rules) - 1; last > 0 {
		list = "at least one of " + strings.Join(rules[:last], ", ") + " and " + rules[last]
	}
	if s.People {
		return s.Title + ": all episodes of everyone who has an episode that meets " + list
	}
	return s.Title + ": the episodes that meet " + list
}

// Embedded returns the subsets that the program brings along, by name. It fails
// only if an embedded file is broken, which a test excludes.
func Embedded() ([]Subset, error) {
	var out []Subset
	names, err := fs.Glob(files, "data/*"+suffix)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "list the embedded subsets")
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read an embedded subset")
		}
		s, err := parse(string(text), query.Source{Name: path.Base(name)}, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Find returns a subset that a load was asked for: All, the name of an embedded
// subset, or the path of a site's own file, which ends in ".subset". The rules
// are checked against the dictionary. Errors are of kind Invalid; those within a
// file begin with its name, the line and the column.
func Find(name string, d *hes.Dictionary) (Subset, error) {
	if name == All {
		return Subset{Name: All, Title: "Every episode"}, nil
	}
	embedded, err := Embedded()
	if err != nil {
		return Subset{}, err
	}
	var names []string
	for _, s := range embedded {
		if s.Name == name {
			return parse(s.Text, query.Source{Name: name + suffix, Check: checker(d)}, nil)
		}
		names = append(names, s.Name)
	}
	if !strings.HasSuffix(name, suffix) {
		return Subset{}, fault.New(fault.Invalid, "There is no subset of that name; choose %s or %s, or give the path of a file of your own that ends in %s.",
			strings.Join(names, ", "), All, suffix)
	}
	text, err := readFile(name)
	if err != nil {
		return Subset{}, err
	}
	return parse(text, query.Source{Name: filepath.Base(name), Check: checker(d)}, append(names, All))
}

// Again returns the subset of a release that is there, from what its manifest
// holds: the name, and the text as written. A site's own file need not be there
// any more.
func Again(name, text string, d *hes.Dictionary) (Subset, error) {
	if text == "" {
		return Find(name, d)
	}
	return parse(text, query.Source{Name: name + suffix, Check: checker(d)}, nil)
}

// readFile reads a site's own file.
func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.Invalid, "There is no subset file %s; give the path of a file that ends in %s.", filepath.Base(name), suffix)
	}
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "The subset file %s cannot be opened; check who may read it", filepath.Base(name))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "The subset file %s cannot be read", filepath.Base(name))
	}
	if len(text) > maxFile {
		return "", fault.New(fault.Invalid, "%s has more than %d bytes and is no subset file; give a text file of rules.", filepath.Base(name), maxFile)
	}
	return string(text), nil
}

// own are the derived fields that follow from the episode itself. The others
// depend on what else was loaded: on the person's other episodes, or on the
// rules of the subset.
var own = [...]string{
	"EPI_VALID", "EPI_BAD", "EPI_FLAG_n", "ADMIDATE_FILLED", "TRANSIT", "ETHNIC5", "BED_DAYS",
	"ADMISSION_GROUP", "AGE_BAND", "CHARLSON", "ELIXHAUSER", "CONDITION_GROUP",
}

// checker returns the check of a condition on a field of a rule.
func checker(d *hes.Dictionary) func(query.Expr) error {
	return func(e query.Expr) error {
		name := query.Fields(e)[0]
		f, ok := d.Field(name)
		switch {
		case !ok:
			return fault.New(fault.Invalid, "there is no field of that name in the data dictionary.")
		case f.Name != name:
			return fault.New(fault.Invalid, "the field is written %s.", f.Name)
		case f.Class == hes.Prohibited:
			return fault.New(fault.Invalid, "%s identifies a patient, and no subset may ask for it.", name)
		case f.AliasOf != "":
			return fault.New(fault.Invalid, "%s is an older name; write %s.", name, f.AliasOf)
		case f.Repeats != "":
			return fault.New(fault.Invalid, "%s only repeats %s and is left out of a load; ask for what it repeats.", name, f.Repeats)
		case f.Derived() && !slices.Contains(own[:], f.Name) && !slices.Contains(own[:], f.Family):
			return fault.New(fault.Invalid, "%s does not follow from the episode alone; of the derived fields a rule may ask for %s.", name, strings.Join(own[:], ", "))
		}
		return query.Query{Where: e}.Validate(d)
	}
}
