package web

import (
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/web/view"
)

// classification is a clinical list that can be browsed as a tree.
type classification struct {
	key, list, name, what string
	control               string    // key of the filter on its codes
	fields                [3]string // of the main code, of further ones, of all: as places
	tree                  *hes.Tree
}

func classifications(codes *hes.Codes) []classification {
	return []classification{
		{"icd10", hes.ICD10, "ICD-10", "diagnoses", "dx", [3]string{hes.MainDiagnosis, hes.FurtherDiagnosis, hes.AnyDiagnosis}, hes.NewTree(codes, hes.ICD10)},
		{"opcs4", hes.OPCS4, "OPCS-4", "procedures", "op", [3]string{hes.MainProcedure, hes.FurtherProcedure, hes.AnyProcedure}, hes.NewTree(codes, hes.OPCS4)},
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
		if n, err = s.countCodes(r.Context(), rd, c, node, rows); err != nil {
			return err
		}
	}
	s.seen(&x.Seen, rd, n.facts)
	if rd.counts() && !n.held {
		x.Why = "The release that is served does not hold these codes, so there is nothing to count."
	}
	if n.held {
		x.Counted = true
		rows = withUnlisted(rows, n, node, c)
		if code != "" {
			x.Episodes, x.Patients = n.episodes, n.patients
			x.ByYear, x.Totals = s.codeYears(rd, c, node, n)
		}
	}
	for _, row := range rows {
		line := view.CodeRow{Code: row.Display(), Label: row.Label, URL: c.url(row), Years: validity(row.From, row.To)}
		if n.held {
			line.Counts = s.tallies(rd, c, row, n.row(row))
		}
		if row.Code == node.Code { // the undivided code below its category
			line.URL, line.Label = "", "Not divided further"
			for i := range line.Counts {
				line.Counts[i].URL = "" // the filter on it is the category's
			}
		}
		x.Rows = append(x.Rows, line)
	}
	view.ShareCounts(x.Rows)
	if rd.SeesRows() && code != "" {
		x.Filter, x.FilterAny = s.codeFilter(rd, c, node, query.Main, ""), s.codeFilter(rd, c, node, query.Anywhere, "")
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
