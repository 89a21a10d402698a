package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// classification is a clinical list that can be browsed as a tree.
type classification struct {
	key, list, name, what string
	control               string // key of the filter on its codes
	main, any             string // field of the main code and the family of all
	tree                  *hes.Tree
}

func classifications(codes *hes.Codes) []classification {
	return []classification{
		{"icd10", hes.ICD10, "ICD-10", "diagnoses", "dx", hes.MainDiagnosis, hes.AnyDiagnosis, hes.NewTree(codes, hes.ICD10)},
		{"opcs4", hes.OPCS4, "OPCS-4", "procedures", "op", hes.MainProcedure, hes.AnyProcedure, hes.NewTree(codes, hes.OPCS4)},
	}
}

// codes is the entrance of the code browser: the lists, or what is found in both.
func (s *Server) codes(w http.ResponseWriter, r *http.Request) error {
	x := view.Codes{Find: strings.TrimSpace(r.URL.Query().Get("find"))}
	for _, c := range s.trees {
		x.Lists = append(x.Lists, view.CodeList{Link: view.Link{Text: c.name, URL: "/codes/" + c.key, Key: c.what}, Found: s.findCodes(c, x.Find)})
	}
	return s.show(w, r, http.StatusOK, view.CodesPage(s.frame(r, "Codes", "codes"), x))
}

// maxFound is how many codes a search shows of each list.
const maxFound = 60

// findCodes looks for codes by code and by words. It asks nothing of the data.
func (s *Server) findCodes(c classification, text string) view.FoundCodes {
	nodes, all := s.finder.Codes(c.list, text, maxFound)
	out := view.FoundCodes{More: all - len(nodes)}
	for _, n := range nodes {
		row := view.CodeRow{Code: n.Display(), Label: n.Label, URL: c.url(n), Years: validity(n.From, n.To)}
		if n.Parent != nil {
			row.Within = strings.TrimSpace(n.Parent.Display() + " " + n.Parent.Label)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// codeList is the chapters of a classification.
func (s *Server) codeList(w http.ResponseWriter, r *http.Request) error { return s.codePage(w, r, "") }

// code is a chapter, a block, a category or a code.
func (s *Server) code(w http.ResponseWriter, r *http.Request) error {
	return s.codePage(w, r, r.PathValue("code"))
}

func (s *Server) codePage(w http.ResponseWriter, r *http.Request, code string) error {
	i := slices.IndexFunc(s.trees, func(c classification) bool { return c.key == r.PathValue("list") })
	if i < 0 {
		return fault.New(fault.NotFound, "There are two lists of codes: ICD-10 and OPCS-4.")
	}
	c := s.trees[i]
	node := &hes.Node{}
	rows := c.tree.Chapters()
	if code != "" {
		var ok bool
		if node, ok = c.tree.Find(code); !ok {
			return fault.New(fault.NotFound, "There is no such code in the %s lists of this site.", c.name)
		}
		if at := c.url(node); at != r.URL.Path {
			http.Redirect(w, r, at, http.StatusSeeOther) // one address for "l400" and "L40.0"
			return nil
		}
		rows = node.Children
	}
	rd, err := s.reader(r)
	if err != nil {
		return err
	}
	x := s.codeView(c, node, code != "")
	n := codeCounts{}
	if rd.counts() {
		if n, err = s.countCodes(r.Context(), rd, c, node, code != ""); err != nil {
			return err
		}
	}
	s.seen(&x.Seen, rd, n.facts)
	if rd.counts() && !n.held {
		x.Why = "The release that is served does not hold these codes, so there is nothing to count."
	}
	if n.held {
		x.Counted, x.Main, x.Patients, x.Any, x.ByYear = true, n.total, n.patients, n.any, n.years
		rows = withUnlisted(rows, n, node, c)
	}
	most := 1
	for _, row := range rows {
		most = max(most, n.main(row).Published(), n.anywhere(row).Published())
	}
	for _, row := range rows {
		line := view.CodeRow{Code: row.Display(), Label: row.Label, URL: c.url(row), Years: validity(row.From, row.To), Main: n.main(row), Any: n.anywhere(row)}
		line.MainShare, line.AnyShare = 100*line.Main.Published()/most, 100*line.Any.Published()/most
		if row.Code == node.Code { // the undivided code below its category
			line.URL, line.Label = "", "Not divided further"
		}
		x.AnyRows = x.AnyRows || row.Level >= hes.Category
		x.Rows = append(x.Rows, line)
	}
	if rd.SeesRows() {
		x.Filter, x.FilterAny = s.codeFilters(rd, c, node, code != "")
	}
	return s.show(w, r, http.StatusOK, view.CodePage(s.frame(r, strings.TrimSpace(x.Code+" "+x.Label), "codes"), x))
}

// codeView is what is known of a code without any data.
func (s *Server) codeView(c classification, n *hes.Node, one bool) view.Code {
	x := view.Code{List: c.name, ListURL: "/codes/" + c.key, What: c.what, Label: c.name}
	if !one {
		return x
	}
	x.Code, x.Label, x.Level, x.Years, x.Retired = n.Display(), n.Label, n.Level.String(), validity(n.From, n.To), n.To != ""
	x.Synonyms = strings.ReplaceAll(n.Synonyms, ";", ",")
	for _, up := range n.Path() {
		if up.Code != n.Code {
			x.Path = append(x.Path, view.CodeRow{Code: up.Display(), Label: up.Label, URL: c.url(up)})
		}
	}
	return x
}

func (c classification) url(n *hes.Node) string {
	code := hes.Display(c.list, n.Code)
	if n.Level <= hes.Block {
		code = n.Code
	}
	return "/codes/" + c.key + "/" + code
}

// validity says when a code was in use.
func validity(from, to string) string {
	dash := func(year string) string { return strings.Replace(year, "-", "/", 1) }
	switch {
	case from != "" && to != "":
		return "used from " + dash(from) + " to " + dash(to)
	case from != "":
		return "new in " + dash(from)
	case to != "":
		return "retired after " + dash(to)
	}
	return ""
}

// codeFilters are the addresses of the records that have a code, in the main
// position and in any.
func (s *Server) codeFilters(rd reader, c classification, n *hes.Node, one bool) (main, anywhere string) {
	if !one || !rd.scene.offer.Has(c.control) {
		return "", ""
	}
	state := rd.scene.state.With(query.Filter{Key: c.control, Values: slices.Sorted(slices.Values(n.Prefixes()))})
	main = address(state, warehouse.Page{})
	state.AnyDiagnosis, state.AnyProcedure = c.control == "dx", c.control == "op"
	return main, address(state, warehouse.Page{})
}

// codeCounts is how often the codes below a node are there.
type codeCounts struct {
	held     bool // the release holds the fields
	facts    warehouse.Facts
	total    policy.Count // episodes with the code in the main position
	patients policy.Count
	any      policy.Count // episodes with it in any position
	years    []view.CodeYear
	rows     map[string]policy.Count // of the main position, by category or code
	anyRows  map[string]policy.Count
	order    []string // the codes that are there, in order
}

// countCodes asks how often a node and what is below it is there, in one
// question. Counts are over the episodes that the explorer begins with, so that
// they are those of its filters.
func (s *Server) countCodes(ctx context.Context, rd reader, c classification, n *hes.Node, one bool) (codeCounts, error) {
	out := codeCounts{facts: rd.scene.facts, rows: map[string]policy.Count{}, anyRows: map[string]policy.Count{}}
	family := func(name string) bool { return slices.Contains(rd.scene.facts.Columns, name) }
	if !family(c.any) && !family(c.main) {
		return out, nil
	}
	chars := categoryChars
	if n.Level == hes.Category {
		chars = codeChars
	}
	both := []string{c.main, c.any}
	q := query.Query{Where: rd.scene.state.Where(), Facets: []query.Facet{{Field: c.main, Chars: chars, Leave: both}}}
	if one {
		under := n.Prefixes()
		q.Where = query.Both(q.Where, query.And{query.Prefix{Field: c.any, Prefixes: under}, query.Prefix{Field: c.main, Prefixes: under}})
		q.Counts = true
		q.Facets[0].Under = under
		q.Facets = append(q.Facets, query.Facet{Field: c.any, Chars: chars, Under: under, Leave: both},
			query.Facet{Field: hes.YearField}, query.Facet{Field: hes.YearField, Leave: []string{c.main}})
	}
	a, err := s.c.Warehouse.Explore(ctx, rd.access, q, warehouse.Page{}, rd.client)
	if err != nil {
		return out, err
	}
	out.held, out.facts, out.total, out.patients = true, a.Release, a.Episodes, a.Patients
	for _, v := range a.Facets[0].Values {
		out.rows[v.Value] = v.Count
		out.order = append(out.order, v.Value)
	}
	if !one {
		return out, nil
	}
	for _, v := range a.Facets[1].Values {
		out.anyRows[v.Value] = v.Count
		out.order = append(out.order, v.Value)
	}
	slices.Sort(out.order)
	out.order = slices.Compact(out.order)
	main, anywhere := byValue(a.Facets[2]), byValue(a.Facets[3])
	out.any = policy.Sum(slices.AppendSeq([]policy.Count{a.Facets[3].Missing}, maps.Values(anywhere)))
	most := 1
	for _, year := range a.Release.Years {
		y := view.CodeYear{Year: yearLabel(year), Main: countIn(main, year), Any: countIn(anywhere, year)}
		most = max(most, y.Any.Published())
		out.years = append(out.years, y)
	}
	for i := range out.years {
		y := &out.years[i]
		y.MainShare, y.AnyShare = 100*y.Main.Published()/most, 100*y.Any.Published()/most
	}
	return out, nil
}

// main returns how often a code is the main one; of a chapter or block it is the
// sum of its categories, which is exact because there is one main code.
func (n codeCounts) main(row *hes.Node) policy.Count {
	if row.Level >= hes.Category {
		if count, ok := n.rows[row.Code]; ok {
			return count
		}
		return policy.Sum(nil)
	}
	var all []policy.Count
	for code, count := range n.rows {
		if slices.ContainsFunc(row.Prefixes(), func(p string) bool { return strings.HasPrefix(code, p) }) {
			all = append(all, count)
		}
	}
	return policy.Sum(all)
}

// anywhere returns how often a code is in any position. It is not known of a
// chapter or block in a table: one episode may have several of its codes.
func (n codeCounts) anywhere(row *hes.Node) policy.Count {
	if count, ok := n.anyRows[row.Code]; ok && row.Level >= hes.Category {
		return count
	}
	return policy.Sum(nil)
}

// withUnlisted adds to the rows of a node the codes that are in the data and in
// no list.
func withUnlisted(rows []*hes.Node, n codeCounts, parent *hes.Node, c classification) []*hes.Node {
	if parent.Level < hes.Block && parent.Code != "" && c.list == hes.ICD10 || parent.Code == "" || parent.Level == hes.Subcode {
		return rows // chapters have blocks, codes have nothing below
	}
	rows = slices.Clone(rows)
	for _, code := range n.order {
		if slices.ContainsFunc(rows, func(r *hes.Node) bool { return r.Code == code }) || code == parent.Code && len(rows) == 0 && len(n.order) == 1 {
			continue
		}
		if at, ok := c.tree.Find(code); ok {
			rows = append(rows, at)
		}
	}
	slices.SortFunc(rows, func(a, b *hes.Node) int { return strings.Compare(a.Code, b.Code) })
	return rows
}
