package warehouse

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/quality"
	"webenablehes/internal/warehouse/driver"
)

// Loads knows the releases and the account that each load gave of itself. It
// is safe for concurrent use.
type Loads interface {
	// List returns every release, the newest first.
	List(ctx context.Context) ([]Loaded, error)
	// Report returns the account of a release; NotFound if there is no such
	// release.
	Report(ctx context.Context, id string) (*quality.Report, error)
}

// Loaded is one release as Loads knows it, with raw numbers.
type Loaded struct {
	ID        string
	Made      time.Time
	Program   string // version that made it
	Synthetic bool
	Subset    string
	Agreement string   // under which the data are held; may be ""
	Years     []string // FYEAR values, in order of time
	Served    bool
	Rows      quality.Rows // of the files of the load
}

// Load is one release, ready to be shown: the numbers of a whole load are exact.
type Load struct {
	ID        string       `json:"id"`
	Made      time.Time    `json:"made"`
	Program   string       `json:"program"`
	Synthetic bool         `json:"synthetic"`
	Subset    string       `json:"subset"`
	Agreement string       `json:"agreement,omitempty"`
	Years     []string     `json:"years"`
	Served    bool         `json:"served"`
	Read      policy.Count `json:"read"`
	Kept      policy.Count `json:"kept"`
	Rejected  policy.Count `json:"rejected"`
	Outside   policy.Count `json:"outside_subset"`
}

// Report is the account of one load, ready to be shown. Numbers of the load as
// a whole and of rules are exact; those by year, provider or field are
// protected, and shares and orders are worked out from the protected ones.
type Report struct {
	Load
	Whole        *WholeRelease `json:"release,omitempty"` // nil for a release made before it was counted
	Files        []ReportFile  `json:"files"`
	Rules        []RuleCount   `json:"rules"`
	Derived      []RuleCount   `json:"derived,omitempty"`
	SubsetRules  []RuleCount   `json:"subset_rules,omitempty"`
	Rejects      []Reject      `json:"rejects,omitempty"` // the commonest first, at most MaxReasons
	Reasons      int           `json:"reasons"`           // how many reasons there are
	ByYear       []Part        `json:"by_year"`
	Providers    []Part        `json:"providers,omitempty"` // the largest first
	Completeness []FieldShares `json:"completeness,omitempty"`
	Unlisted     []FieldCount  `json:"unlisted,omitempty"`
	Notes        []string      `json:"notes,omitempty"`
	Compared     *Comparison   `json:"compared,omitempty"` // nil for the first release
}

// MaxReasons is how many reasons for rejection a report shows.
const MaxReasons = 20

// WholeRelease counts the release as a whole: Staged = Kept + Outside.
type WholeRelease struct {
	Staged   policy.Count `json:"staged"`
	Kept     policy.Count `json:"kept"`
	Outside  policy.Count `json:"outside_subset"`
	Persons  policy.Count `json:"persons"`
	Replaced policy.Count `json:"replaced"`
}

// ReportFile is one input.
type ReportFile struct {
	Name    string            `json:"name"` // base name
	Size    int64             `json:"size"` // bytes
	SHA256  string            `json:"sha256"`
	Form    string            `json:"form"`
	Rows    policy.Count      `json:"rows"`
	Columns int               `json:"columns"`
	Years   []string          `json:"years,omitempty"`
	LeftOut []quality.LeftOut `json:"left_out,omitempty"`
}

// RuleCount is how often a rule did something, in the load as a whole.
type RuleCount struct {
	ID     string       `json:"id"`
	What   string       `json:"what"`
	Source string       `json:"source"`
	Count  policy.Count `json:"count"`
}

// Reject is a reason for rejection and the first places where it was met.
type Reject struct {
	Reason string       `json:"reason"`
	Count  policy.Count `json:"count"`
	At     []string     `json:"at"` // file:line:column
}

// Part is the protected rows of a year or a provider.
type Part struct {
	Value   string       `json:"value"` // "" is not recorded
	Kept    policy.Count `json:"kept"`
	Outside policy.Count `json:"outside_subset"`
}

// FieldShares is the share of kept rows in which a field is recorded, by year.
type FieldShares struct {
	Field  hes.Field      `json:"-"`
	Name   string         `json:"field"`
	Shares []policy.Share `json:"recorded"` // as ByYear
}

// FieldCount is the protected rows of a field.
type FieldCount struct {
	Field hes.Field    `json:"-"`
	Name  string       `json:"field"`
	Rows  policy.Count `json:"rows"`
}

// Comparison says how a release differs from the one before it.
type Comparison struct {
	With  Load   `json:"with"`
	Rows  []Pair `json:"rows"`            // exact
	Rules []Pair `json:"rules,omitempty"` // exact; those that differ
	Years []Pair `json:"years,omitempty"` // protected
	Moves []Move `json:"moves,omitempty"` // completeness that moved by more than a point
}

// Pair is a number of two releases.
type Pair struct {
	Name   string       `json:"name"`
	Before policy.Count `json:"before"`
	Now    policy.Count `json:"now"`
}

// Move is a field whose completeness in a year moved.
type Move struct {
	Field  hes.Field    `json:"-"`
	Name   string       `json:"field"`
	Year   string       `json:"year"`
	Before policy.Share `json:"before"`
	Now    policy.Share `json:"now"`
}

// Loads lists the releases, the newest first, for those who see load reports.
func (w *Warehouse) Loads(ctx context.Context, acc policy.Access, from Client) ([]Load, error) {
	all, err := w.loads(ctx, acc, "list of releases", from)
	if err != nil {
		return nil, err
	}
	if err := w.tell(ctx, acc, "list of releases", "", from); err != nil {
		return nil, err
	}
	out := make([]Load, len(all))
	for i, l := range all {
		out[i] = l.load(acc)
	}
	return out, nil
}

// Report returns the account of a load for those who see load reports, beside
// the release before it.
func (w *Warehouse) Report(ctx context.Context, acc policy.Access, id string, from Client) (*Report, error) {
	all, err := w.loads(ctx, acc, "load report", from)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(l Loaded) bool { return l.ID == id })
	if at < 0 {
		return nil, fault.New(fault.NotFound, "There is no such release. See the list of releases under Data quality.")
	}
	raw, err := w.o.Loads.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	out := w.report(acc, all[at], raw)
	if at+1 < len(all) {
		before, err := w.o.Loads.Report(ctx, all[at+1].ID)
		if err != nil {
			return nil, err
		}
		out.Compared = compare(w.report(acc, all[at+1], before), out)
	}
	if err := w.tell(ctx, acc, "load report", id, from); err != nil {
		return nil, err
	}
	return out, nil
}

// loads checks that the person may see load reports and lists the releases.
func (w *Warehouse) loads(ctx context.Context, acc policy.Access, what string, from Client) ([]Loaded, error) {
	switch {
	case acc.Account() == "":
		return nil, fault.New(fault.SignIn, "Sign in first.")
	case !acc.SeesLoads():
		why := fault.New(fault.Denied, "This account does not see load reports. Ask the information governance lead if you need to.")
		return nil, w.recordRefusal(ctx, w.reportEvent(acc, what, "", "refused", from), why) // whose report, only the address says: that may be any text
	case w.o.Loads == nil:
		return nil, fault.New(fault.Unavailable, "No load reports are kept here.")
	}
	return w.o.Loads.List(ctx)
}

func (w *Warehouse) reportEvent(acc policy.Access, what, id, outcome string, from Client) audit.Event {
	e := w.event(acc, asking{kind: "report", client: from}, id)
	e.Question, e.Unit, e.Outcome = what, "", outcome
	return e
}

// tell records that a report was shown. Without the event there is no answer.
func (w *Warehouse) tell(ctx context.Context, acc policy.Access, what, id string, from Client) error {
	err := w.o.Recorder.Record(ctx, w.reportEvent(acc, what, id, "shown", from))
	return audit.Unwritten(err, "nothing can be shown")
}

func (l Loaded) load(acc policy.Access) Load {
	return Load{ID: l.ID, Made: l.Made, Program: l.Program, Synthetic: l.Synthetic, Subset: l.Subset, Agreement: l.Agreement, Years: l.Years, Served: l.Served,
		Read: acc.Whole(l.Rows.Read), Kept: acc.Whole(l.Rows.Kept), Rejected: acc.Whole(l.Rows.Rejected), Outside: acc.Whole(l.Rows.OutsideSubset)}
}

// report protects the account of one load.
func (w *Warehouse) report(acc policy.Access, l Loaded, r *quality.Report) *Report {
	out := &Report{Load: l.load(acc), Rules: rules(acc, r.Rules), Derived: rules(acc, r.Derived), SubsetRules: rules(acc, r.SubsetRules), Reasons: len(r.Rejects), Notes: r.Notes}
	if r.Whole != (quality.Whole{}) {
		out.Whole = &WholeRelease{Staged: acc.Whole(r.Whole.Staged), Kept: acc.Whole(r.Whole.Kept), Outside: acc.Whole(r.Whole.OutsideSubset),
			Persons: acc.Whole(r.Whole.Persons), Replaced: acc.Whole(r.Whole.Replaced)}
	}
	for _, f := range r.Files {
		out.Files = append(out.Files, ReportFile{Name: baseName(f.Name), Size: f.Size, SHA256: f.SHA256, Form: f.Form, Rows: acc.Whole(f.Rows), Columns: f.Columns, Years: f.Years, LeftOut: f.LeftOut})
	}
	for _, x := range r.Rejects[:min(len(r.Rejects), MaxReasons)] {
		places := make([]string, len(x.At))
		for i, p := range x.At {
			p.File = baseName(p.File)
			places[i] = p.String()
		}
		out.Rejects = append(out.Rejects, Reject{Reason: x.Reason, Count: acc.Whole(x.Count), At: places})
	}
	years := r.WholeYears
	if len(years) == 0 { // a release made before it was counted as a whole
		for _, y := range r.Years {
			years = append(years, quality.Part{Value: y.Year, Kept: y.Rows})
		}
	}
	out.ByYear, out.Providers = parts(acc, years), parts(acc, r.Providers)
	slices.SortFunc(out.Providers, func(a, b Part) int {
		if c := policy.CompareCounts(a.Kept, b.Kept); c != 0 {
			return c
		}
		return driver.CompareMissingLast(hes.Code, a.Value, b.Value)
	})
	for _, c := range r.Completeness {
		line := FieldShares{Name: c.Field}
		line.Field, _ = w.o.Dictionary.Field(c.Field)
		for i, n := range c.Filled {
			if i < len(out.ByYear) {
				line.Shares = append(line.Shares, policy.Share{Part: acc.Protect(n), Of: out.ByYear[i].Kept})
			}
		}
		out.Completeness = append(out.Completeness, line)
	}
	for _, u := range r.Unlisted {
		f, _ := w.o.Dictionary.Field(u.Field)
		out.Unlisted = append(out.Unlisted, FieldCount{Field: f, Name: u.Field, Rows: acc.Protect(u.Rows)})
	}
	return out
}

func rules(acc policy.Access, in []quality.RuleCount) []RuleCount {
	out := make([]RuleCount, len(in))
	for i, r := range in {
		out[i] = RuleCount{ID: r.ID, What: r.What, Source: r.Source, Count: acc.Whole(r.Count)}
	}
	return out
}

func parts(acc policy.Access, in []quality.Part) []Part {
	out := make([]Part, len(in))
	for i, p := range in {
		out[i] = Part{Value: p.Value, Kept: acc.Protect(p.Kept), Outside: acc.Protect(p.OutsideSubset)}
	}
	return out
}

// baseName takes the folders out of the name of a file, and of both names of a
// member of an archive ("archive.zip: member"): they tell of the machine.
func baseName(name string) string {
	if name == "" {
		return ""
	}
	names := strings.Split(strings.ReplaceAll(name, `\`, "/"), ": ")
	for i, n := range names {
		names[i] = path.Base(n)
	}
	return strings.Join(names, ": ")
}
