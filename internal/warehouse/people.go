package warehouse

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/rollup"
	"webenablehes/internal/warehouse/driver"
)

// MaxSummed is how many matching episodes of one patient are summed up; a key
// with more is no person's.
const MaxSummed = 1000

// besideAtOnce is how many of the other episodes of a page's patients are asked
// for at a time.
const besideAtOnce = 10_000

// People is a page of patients, one line each.
type People struct {
	*Answer
	Lines []Person // of Rows, one for one
	// Fields are those that the lines were worked out from: what the release holds
	// and the access covers, a family by its own name. Of the others a line has
	// nothing.
	Fields []string
}

// Person is a patient's line, section O of the cleansing rules: over the matching
// episodes that the access covers, and no others.
type Person struct {
	TooMany                               bool // more than MaxSummed episodes match: only Row says something
	Episodes, Spells, Stays               policy.Count
	DayCases, Emergencies                 policy.Count // spells, by their first matching episode
	BedDays                               string
	First, Last, Discharged               At
	Died                                  string // id of the episode in which the patient died in hospital; "" if in none
	FirstDiagnosis, LastDiagnosis, Ethnic Said
	Diagnoses                             policy.Count // distinct categories of three characters
	Groups                                []string     // of skin conditions, in order of time
	FirstAge, LastAge, Sex                string
	SexConflict                           bool
	Marks                                 []Mark // the episodes that the access covers, oldest first; those without a date left out
}

// At is a moment and the episode that tells of it.
type At struct {
	Moment
	Episode string // its id; "" if the moment is not recorded
}

// Said is a value and the episode that has it.
type Said struct{ Value, Episode string }

// Mark is one episode on a patient's life strip.
type Mark struct {
	At      Moment // of admission
	Group   string // of skin conditions; "" is none, or not covered
	Matches bool   // it meets the filters
}

// People answers a question about patients with a page of their lines. q.Unit is
// query.Patients; q.Columns are of the latest matching episode.
func (w *Warehouse) People(ctx context.Context, acc policy.Access, q query.Query, page Page, from Client) (*People, error) {
	if q.Unit != query.Patients {
		return nil, fault.New(fault.Internal, "lines of patients are asked for by patient")
	}
	out := &People{}
	sum := func(ctx context.Context, got *asked) error { return w.sumPeople(ctx, acc, got, out) }
	got, err := w.ask(ctx, acc, asking{kind: "view", query: q, after: page.After, before: page.Before, client: from}, sum)
	if err != nil {
		return nil, err
	}
	out.Answer = w.answer(acc, q, got)
	return out, nil
}

// sumPeople makes the lines of the patients of a page. It is part of the question
// that got answers.
func (w *Warehouse) sumPeople(ctx context.Context, acc policy.Access, got *asked, out *People) error {
	persons := make([]driver.PersonID, len(got.raw.Rows))
	var few []driver.PersonID
	for i, r := range got.raw.Rows {
		persons[i] = r.Person
		if r.Episodes <= MaxSummed {
			few = append(few, r.Person)
		}
	}
	lives, err := w.lives(ctx, acc, got, persons, few)
	if err != nil {
		return err
	}
	out.Fields = lives.fields
	for i, p := range persons {
		line := Person{TooMany: got.raw.Rows[i].Episodes > MaxSummed}
		if !line.TooMany {
			line = lives.person(p)
		}
		line.Marks = lives.marks(p)
		out.Lines = append(out.Lines, line)
	}
	return nil
}

// lives are the episodes of some persons, as far as a line needs them.
type lives struct {
	acc    policy.Access
	got    *asked
	covers func(field string) bool
	in     rollup.Inputs
	fields []string
	rows   map[driver.PersonID][]lifeRow // matching ones with all cells
	others map[driver.PersonID][]string  // admission dates of the others
	first  map[driver.PersonID]string    // first admission of all
	group  int                           // cells
	admit  int
}

// lifeRow is an episode of a life.
type lifeRow struct {
	id    driver.RowID
	cells []string
}

// lives asks for the episodes of persons that a question's page is about: whole
// ones where they match and are few, admission dates of the others. It is part of
// the question that got answers.
func (w *Warehouse) lives(ctx context.Context, acc policy.Access, got *asked, persons, few []driver.PersonID) (*lives, error) {
	l := &lives{acc: acc, got: got, rows: map[driver.PersonID][]lifeRow{}, others: map[driver.PersonID][]string{}, first: map[driver.PersonID]string{}}
	l.covers = func(name string) bool {
		f, ok := w.o.Dictionary.Field(name)
		return ok && acc.Covers(f, got.facts.Over())
	}
	var columns []string
	cell := func(name string) int {
		f, ok := w.o.Dictionary.Field(name)
		whole := cmp.Or(f.Family, f.Name)
		if !ok || !slices.Contains(got.facts.Columns, whole) || !l.covers(f.Name) && !private(name) {
			return -1
		}
		if l.covers(f.Name) && !slices.Contains(l.fields, whole) {
			l.fields = append(l.fields, whole)
		}
		if i := slices.Index(columns, name); i >= 0 {
			return i
		}
		columns = append(columns, name)
		return len(columns) - 1
	}
	l.in = rollup.NewInputs(w.o.Dictionary, cell)
	l.group, l.admit = cell("CONDITION_GROUP"), cell(hes.AdmissionDate)
	if len(persons) == 0 {
		return l, nil
	}
	plan := driver.NewPlan(query.Query{Where: got.where, Columns: columns, Limit: len(few) * MaxSummed})
	plan.Guard, plan.People = got.guard, few
	if len(few) > 0 {
		a, err := got.engine.Ask(ctx, plan)
		if err != nil {
			return nil, w.failed(ctx, err)
		}
		got.used += len(a.Rows)
		for _, r := range a.Rows {
			l.rows[r.Person] = append(l.rows[r.Person], lifeRow{r.ID, r.Values})
			l.begins(r.Person, at(r.Values, l.admit))
		}
	}
	if got.where == nil || l.admit < 0 {
		return l, nil
	}
	plan.Query = query.Query{Where: query.Not{Of: got.where}, Columns: []string{hes.AdmissionDate}, Limit: besideAtOnce}
	plan.People = persons
	// all of them, page by page: the oldest tells where the patient's time begins
	for more := true; more; {
		a, err := got.engine.Ask(ctx, plan)
		if err != nil {
			return nil, w.failed(ctx, err)
		}
		got.used += len(a.Rows)
		for _, r := range a.Rows {
			plan.After = r.ID
			l.others[r.Person] = append(l.others[r.Person], r.Values[0])
			l.begins(r.Person, r.Values[0])
		}
		more = a.More
	}
	return l, nil
}

// private tells whether a field may be read for its order or its distance in days
// alone; its values leave only where the access covers them.
func private(name string) bool {
	switch name {
	case hes.AdmissionDate, "ADMIDATE_FILLED", "EPISTART", "EPIEND", "DISDATE", "EPIORDER", "TRANSIT", hes.EpisodeKey:
		return true
	}
	return false
}

func at(cells []string, cell int) string {
	if cell < 0 {
		return ""
	}
	return cells[cell]
}

// begins notes an admission of a person.
func (l *lives) begins(p driver.PersonID, day string) {
	if day != "" && (l.first[p] == "" || day < l.first[p]) {
		l.first[p] = day
	}
}

// person makes a person's line.
func (l *lives) person(p driver.PersonID) Person {
	cells := make([][]string, len(l.rows[p]))
	for i, r := range l.rows[p] {
		cells[i] = append(slices.Clip(r.cells), strconv.Itoa(int(r.id))) // to be found again when they have been put into order
	}
	line := rollup.Patient(l.in.Episodes(nil, cells))
	id := func(place int) string {
		if place < 0 {
			return ""
		}
		row, _ := strconv.Atoi(cells[place][len(cells[place])-1])
		return l.got.keys.seal(episodeID, uint32(row), 0)
	}
	when := func(field, day string, place int) At {
		return At{l.moment(p, field, day), id(place)}
	}
	protect := l.acc.Protect
	out := Person{Episodes: protect(line.Episodes), Spells: protect(line.Spells), Stays: protect(line.Stays), DayCases: protect(line.DayCases), Emergencies: protect(line.Emergencies),
		BedDays: line.BedDays, First: when(hes.AdmissionDate, line.FirstAdmitted, line.From.FirstAdmitted), Last: when(hes.AdmissionDate, line.LastAdmitted, line.From.LastAdmitted),
		Discharged: when("DISDATE", line.LastDischarged, line.From.LastDischarged), FirstDiagnosis: Said{line.FirstDiagnosis, id(line.From.FirstDiagnosis)},
		LastDiagnosis: Said{line.LastDiagnosis, id(line.From.LastDiagnosis)}, Ethnic: Said{line.Ethnic, id(line.From.Ethnic)}, Diagnoses: protect(line.Diagnoses), Groups: line.Ever,
		FirstAge: line.FirstAge, LastAge: line.LastAge, Sex: line.Sex, SexConflict: line.SexConflict}
	out.Died = id(line.From.Died)
	return out
}

// moment places a day in a person's time.
func (l *lives) moment(p driver.PersonID, field, day string) Moment {
	date := day
	if !l.covers(field) {
		date = ""
	}
	return moment(l.first[p], day, date)
}

// marks are a person's episodes on the life strip.
func (l *lives) marks(p driver.PersonID) []Mark {
	var out []Mark
	for _, r := range l.rows[p] {
		if m := l.moment(p, hes.AdmissionDate, at(r.cells, l.admit)); m.Recorded {
			out = append(out, Mark{At: m, Group: at(r.cells, l.group), Matches: true})
		}
	}
	for _, day := range l.others[p] {
		if m := l.moment(p, hes.AdmissionDate, day); m.Recorded {
			out = append(out, Mark{At: m})
		}
	}
	slices.SortStableFunc(out, func(a, b Mark) int {
		return cmp.Compare(a.At.Day, b.At.Day)
	})
	return out
}
