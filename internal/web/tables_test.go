package web_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// axes are the dimensions of the fixed tables, each with one value for every part,
// written down again here.
func axes() map[string]struct {
	field  string
	values []string
} {
	type axis = struct {
		field  string
		values []string
	}
	list := func(s string) []string { return strings.Split(s, ",") }
	return map[string]axis{
		"year":      {hes.YearField, list("0405,0506,0607,0708,0809,0910,1011,1112,1213,1314")},
		"condition": {"CONDITION_GROUP", list("melanoma,nmsc,in_situ,benign,sun_damage,psoriasis,atopic_eczema,contact_dermatitis,urticaria_erythema,bullous,connective_tissue,hidradenitis,nail,ulcer,bacterial,viral,scar_atrophy,congenital,not_skin")},
		"provider":  {"PROCODE3", list("RAL,RTH,RA1,RA2,RA3")},
		"region":    {"RESGOR", list("A,B,D,E,F,G,H,J,K")}, "class": {"CLASSPAT", list("1,2,4,5")}, "method": {"ADMIMETH", list("12,2A,81")}, "sex": {"SEX", list("1,2")},
		"month": {hes.AdmissionDate, list("2009-04-01,2009-05-31,2010-01-02,2010-03-31")}, "age": {"AGE_BAND", list("1-4,10-14,25-29,30-34,45-49,50-54,65-69,70-74,85-89,90+")},
		"comorbidity": {"CHARLSON", list("0,1,2,7")}, "stay": {"LOS_DAYS", list("0,1,3,7,14,99")}, "deprivation": {"IMD04_DECILE", list("MOST DEPRIVED 10%,MORE DEPRIVED 30-40%,LESS DEPRIVED 40-50%,LESS DEPRIVED 20-30%,LEAST DEPRIVED 10%")},
		"ethnicity": {"ETHNIC5", list("White,Mixed,Asian,Black,Other,Unknown")}, "readmission": {"READMITTED_30", list("1,0")}, "discharge": {"DISMETH", list("1,6,5,8")},
	}
}

// stock makes episodes. Of the cells by a dimension and the condition some hold 1 to
// 7, each as likely as any other, where few is set; left is how many in a thousand
// have no value of a dimension.
func stock(r *rand.Rand, by string, few bool, left int) (rows []driver.Record, cells [][]int) {
	all := axes()
	names := slices.Sorted(maps.Keys(all))
	for _, value := range all[by].values {
		var line []int
		for _, condition := range all["condition"].values {
			n := 1 + r.IntN(7)
			if !few || r.IntN(4) > 0 {
				n = 20 + r.IntN(80)
			}
			line = append(line, n)
			for range n {
				rec := driver.Record{"EPIKEY": strconv.Itoa(len(rows)), hes.PersonField: fmt.Sprintf("SYNTH%027d", len(rows)), "EPISTAT": "3"}
				for _, name := range names {
					if a := all[name]; r.IntN(1000) >= left {
						rec[a.field] = a.values[r.IntN(len(a.values))]
					}
				}
				rec[all[by].field], rec["CONDITION_GROUP"] = value, condition
				rows = append(rows, rec)
			}
		}
		cells = append(cells, line)
	}
	return rows, cells
}

// stocked serves a stock.
func stocked(t testing.TB, rows []driver.Record, without ...string) *site {
	t.Helper()
	return open(t, &web.Assets{}, func(s *source) {
		fields := slices.DeleteFunc(append(held(), "RESGOR", "IMD04_DECILE", "DISMETH"), func(f string) bool { return slices.Contains(without, f) })
		e := memory.New(s.dict, drivertest.Columns(t, s.dict, fields), rows)
		s.engine, s.facts.Columns, s.facts.Years = e, e.Info().Columns, axes()["year"].values
	})
}

func (s *site) bytes(address string) string {
	s.t.Helper()
	got := s.take(policy.Planner, way{address: address})
	if got.Code != http.StatusOK {
		s.t.Fatalf("%s: status %d: %s", address, got.Code, got.Body)
	}
	for _, h := range []string{"ETag", "Last-Modified", "Content-Length"} {
		if got.Header().Get(h) != "" {
			s.t.Errorf("%s has the header %s", address, h)
		}
	}
	return got.Body.String()
}

// tableOf is the table of a file: its head and its lines; none if it is withheld.
func (s *site) tableOf(name string) [][]string {
	s.t.Helper()
	text := s.bytes("/tables/" + name + ".csv")
	_, table, _ := strings.Cut(text, "\"\"\n")
	if table == "" {
		_, table, _ = strings.Cut(text, "\n\n")
	}
	lines, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	if len(lines) == 0 || lines[0][0] == "Not shown" {
		return nil
	}
	return lines
}

func tableNames() []string {
	var out []string
	for _, t := range policy.FixedTables() {
		out = append(out, t.Name)
	}
	return out
}

// published is what counting the episodes again, and the rule of 2018 written down
// again, say of each table by two dimensions, and of what is left out.
func published(rows []driver.Record) map[string]string {
	all := axes()
	raw := map[string]int{}
	for _, name := range tableNames() {
		a, b, two := strings.Cut(name, "-by-")
		for _, rec := range rows {
			x := rec[all[a].field]
			if x == "" {
				raw["left out of "+a]++
			}
			if !two {
				continue
			}
			if y := rec[all[b].field]; x != "" && y != "" {
				raw[name+"\t"+x+"\t"+y]++
			}
		}
	}
	out := map[string]string{}
	for key, n := range raw {
		out[key], _ = publish(n)
	}
	return out
}

// Every cell of every table that is shown is what counting again gives, by the rule;
// totals are sums of what is shown; tables by one dimension are sums of one by two.
func TestFixedTables(t *testing.T) {
	rows, _ := stock(rand.New(rand.NewPCG(1, 1)), "year", false, 4)
	s := stocked(t, rows)
	want, all := published(rows), axes()
	shown := 0
	for _, name := range tableNames() {
		a, b, two := strings.Cut(name, "-by-")
		lines := s.tableOf(name)
		if lines == nil {
			continue
		}
		shown++
		page := s.bytes("/tables/" + name)
		for _, must := range []string{"NHS Digital, September 2018", "How is this worked out?", "about", "Small numbers protected", "Download CSV"} {
			if !strings.Contains(page, must) {
				t.Errorf("the page of %s does not say %q", name, must)
			}
		}
		if !two {
			continue
		}
		rows, columns, across := all[a].values, all[b].values, false
		if len(columns) > len(rows) || name == "year-by-month" {
			rows, columns, across = columns, rows, true
		}
		if name == "year-by-month" || strings.Contains(name, "provider") {
			continue // the stock has four months of twelve and few providers; TestFixedTables of the door has them
		}
		for i, x := range rows {
			sum := 0
			for j, y := range columns {
				key := name + "\t" + x + "\t" + y
				if across {
					key = name + "\t" + y + "\t" + x
				}
				text := strings.ReplaceAll(want[key], ",", "")
				switch got := lines[1+i][1+j]; {
				case text == "1–7" && got == "*":
				case text == "" && got == "0":
				case got != text:
					t.Errorf("%s, %s, %s: %s, want %s", name, x, y, got, text)
				}
				n, _ := strconv.Atoi(lines[1+i][1+j])
				sum += n
			}
			if got := lines[1+i][1+len(columns)]; got != strconv.Itoa(sum) {
				t.Errorf("%s, %s: total %s, want the sum %d", name, x, got, sum)
			}
		}
	}
	if shown < 20 {
		t.Errorf("%d tables: this tests little", shown)
	}
}

// Two sets of episodes that differ within buckets only give the same bytes.
func TestOnlyWhatIsPublishedShows(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	rows, _ := stock(r, "year", false, 6)
	want := published(rows)
	other, changed := append([]driver.Record{}, rows...), 0
	for try := 0; try < 200 && changed < 6; try++ {
		next := append([]driver.Record{}, other...)
		i := r.IntN(len(next))
		switch r.IntN(3) {
		case 0:
			next = append(next[:i], next[i+1:]...)
		case 1:
			again := driver.Record{}
			for k, v := range next[i] {
				again[k] = v
			}
			again["EPIKEY"] = "9" + again["EPIKEY"]
			next = append(next, again)
		default:
			a := axes()[[]string{"region", "sex", "age", "stay", "discharge", "comorbidity"}[r.IntN(6)]]
			again := driver.Record{}
			for k, v := range next[i] {
				again[k] = v
			}
			again[a.field] = a.values[r.IntN(len(a.values))]
			if again[a.field] == next[i][a.field] {
				continue
			}
			next[i] = again
		}
		if cmp.Equal(want, published(next)) {
			other = next
			changed++
		}
	}
	if changed < 4 {
		t.Fatalf("only %d episodes differ, so this tests little", changed)
	}
	a, b := stocked(t, rows), stocked(t, other)
	addresses := []string{"/tables", "/dictionary", "/dictionary/SEX", "/dictionary/RESGOR", "/dictionary/" + hes.YearField}
	for _, name := range tableNames() {
		addresses = append(addresses, "/tables/"+name, "/tables/"+name+".csv")
	}
	for _, at := range addresses {
		if x, y := a.bytes(at), b.bytes(at); x != y {
			t.Errorf("%s differs (%d and %d bytes):\n%s", at, len(x), len(y), cmp.Diff(strings.Split(x, "\n"), strings.Split(y, "\n")))
		}
	}
}

// Somebody who opens very many tables is stopped, and the governance lead can read
// of it; so it is with one table again and again. An hour later it goes on.
func TestBudgetOfTables(t *testing.T) {
	rows, _ := stock(rand.New(rand.NewPCG(3, 3)), "year", false, 0)
	s := stocked(t, rows[:400])
	alerts := func(since int) (out []string) {
		for _, e := range s.since(since) {
			if e.Kind == "alert" {
				out = append(out, e.Actor+": "+e.Question+": "+e.Outcome)
			}
		}
		return out
	}
	start := s.events()
	for range 42 {
		s.bytes("/tables/year")
	}
	if diff := cmp.Diff([]string{"planner: the table year more than 40 times within an hour: shown"}, alerts(start)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	middle := s.events()
	for i := 42; i < 300; i++ {
		s.bytes("/tables/" + tableNames()[i%29] + ".csv")
	}
	for range 3 {
		got := s.take(policy.Planner, way{address: "/tables/sex.csv"})
		if got.Code != http.StatusTooManyRequests || !strings.Contains(got.Body.String(), "You have opened 300 tables and files within an hour") || got.Header().Get("Content-Disposition") != "" {
			t.Fatalf("status %d: %s", got.Code, said(t, got))
		}
	}
	if diff := cmp.Diff([]string{"planner: more than 300 tables and files within an hour: refused"}, alerts(middle)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.take(policy.Planner, way{address: "/dictionary/SEX"}); got.Code != http.StatusTooManyRequests {
		t.Errorf("the dictionary is a way round the budget: status %d", got.Code)
	}
	s.now = s.now.Add(time.Hour)
	s.cookies = map[policy.Role]*http.Cookie{}
	s.join("pat", policy.Planner, "")
	if got := s.take("pat", way{address: "/tables/sex"}); got.Code != http.StatusOK {
		t.Errorf("another person: status %d", got.Code)
	}
}
