package drivertest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// question is one block of a file in testdata, whose README has the language.
type question struct {
	Name   string
	Lines  []string // the clauses, as written
	Answer []string // the lines of the expected answer
}

// readQuestions cuts a file into its questions. Comments stay out.
func readQuestions(text string) ([]question, error) {
	var out []question
	inAnswer := false
	for n, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		name, begins := strings.CutPrefix(line, "question ")
		switch {
		case trimmed == "" || strings.HasPrefix(line, "#"):
		case begins:
			out = append(out, question{Name: name})
			inAnswer = false
		case len(out) == 0:
			return nil, fmt.Errorf("line %d stands before the first question", n+1)
		case line == "answer":
			inAnswer = true
		case !strings.HasPrefix(line, "  "):
			return nil, fmt.Errorf("line %d is not indented", n+1)
		case inAnswer:
			q := &out[len(out)-1]
			q.Answer = append(q.Answer, line[2:])
		default:
			q := &out[len(out)-1]
			q.Lines = append(q.Lines, trimmed)
		}
	}
	return out, nil
}

// names turns the names that people use for rows and persons into numbers.
type names struct {
	row    map[string]driver.RowID    // by episode key
	person map[string]driver.PersonID // by person key
}

// asked is what a question asks for.
type asked struct {
	driver.Plan
	scan      bool     // rows handed out instead of an answer
	people    bool     // those of one person together
	delivered []string // fields whose delivered text a scan gives
}

// handOut returns the scan that is asked for.
func (a asked) handOut() driver.Scan {
	return driver.Scan{Where: a.Where, Columns: a.Columns, Raw: a.delivered, People: a.people}
}

// plan reads a question's clauses.
func (q question) plan(d *hes.Dictionary, n names) (asked, error) {
	p := asked{Plan: driver.NewPlan(query.Query{})}
	for _, line := range q.Lines {
		word, rest, _ := strings.Cut(line, " ")
		if err := clause(&p, d, n, word, rest); err != nil {
			return p, fmt.Errorf("question %s: %s: %w", q.Name, line, err)
		}
	}
	if err := p.Validate(d); err != nil {
		return p, fmt.Errorf("question %s: %w", q.Name, err)
	}
	return p, query.CheckRule(d, p.Guard)
}

func clause(p *asked, d *hes.Dictionary, n names, word, rest string) error {
	var err error
	switch word {
	case "where":
		p.Where, err = parseExpr(d, rest)
	case "guard":
		p.Guard, err = parseExpr(d, rest)
	case "unit":
		switch rest {
		case "patients":
			p.Unit = query.Patients
		case "spells":
			p.Unit = query.Spells
		default:
			return fmt.Errorf("the unit is neither patients nor spells")
		}
	case "count":
		p.Counts = true
	case "misses":
		p.Misses = true
	case "show":
		p.Columns = list(rest)
	case "raw":
		p.Raw = true
	case "scan":
		if rest != "" && rest != "by person" {
			return fmt.Errorf("a scan is by person or by nothing")
		}
		p.scan, p.people = true, rest != ""
	case "delivered":
		p.delivered = list(rest)
	case "sort":
		for _, key := range list(rest) {
			field, desc := strings.CutPrefix(key, "-")
			p.Sort = append(p.Sort, query.Sort{Field: field, Desc: desc})
		}
	case "page":
		return page(&p.Plan, n, strings.Fields(rest))
	case "only":
		kind, key, _ := strings.Cut(rest, " ")
		ok := false
		switch kind {
		case "row":
			p.Row, ok = n.row[key]
		case "person":
			for _, k := range list(key) {
				var who driver.PersonID
				if who, ok = n.person[k]; !ok {
					break
				}
				p.People = append(p.People, who)
			}
		}
		if !ok {
			return fmt.Errorf("there is no such row or person")
		}
	case "facet":
		var f query.Facet
		text, where, ok := strings.Cut(rest, " where ")
		if f, err = facet(text); err == nil && ok {
			f.Where, err = parseExpr(d, where)
		}
		p.Facets = append(p.Facets, f)
	case "table":
		var t []query.Group
		for _, dimension := range list(rest) {
			var f query.Facet
			dimension, free := strings.CutSuffix(dimension, " free")
			if f, err = facet(dimension); err != nil {
				return err
			}
			t = append(t, query.Group{Field: f.Field, Chars: f.Chars, Free: free})
		}
		p.Tables = append(p.Tables, t)
	default:
		err = fmt.Errorf("%q begins no clause", word)
	}
	return err
}

func page(p *driver.Plan, n names, words []string) error {
	if len(words) != 1 && len(words) != 3 {
		return fmt.Errorf("a page is a number of rows, then perhaps after or before a row")
	}
	var err error
	if p.Limit, err = strconv.Atoi(words[0]); err != nil || len(words) == 1 {
		return err
	}
	mark, ok := n.row[words[2]]
	if !ok {
		return fmt.Errorf("there is no such row")
	}
	switch words[1] {
	case "after":
		p.After = mark
	case "before":
		p.Before = mark
	default:
		return fmt.Errorf("a page is after or before a row")
	}
	return nil
}

// facet reads "FIELD chars 3 limit 5 also A B leave C D bundles skin:L,M cancer:C".
func facet(text string) (query.Facet, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return query.Facet{}, fmt.Errorf("a field is needed")
	}
	f := query.Facet{Field: words[0]}
	part := ""
	for _, w := range words[1:] {
		if slices.Contains([]string{"chars", "limit", "also", "leave", "under", "bundles"}, w) {
			part = w
			continue
		}
		var err error
		switch part {
		case "chars":
			f.Chars, err = strconv.Atoi(w)
		case "limit":
			f.Limit, err = strconv.Atoi(w)
		case "also":
			f.Also = append(f.Also, w)
		case "leave":
			f.Leave = append(f.Leave, w)
		case "under":
			f.Under = append(f.Under, w)
		case "bundles":
			name, starts, _ := strings.Cut(w, ":")
			f.Bundles = append(f.Bundles, query.Bundle{Name: name, Starts: strings.Split(starts, ",")})
		default:
			err = fmt.Errorf("%q is not understood", w)
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func list(text string) []string {
	out := strings.Split(text, ",")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}
