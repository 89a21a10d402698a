package synth

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"
)

func day(iso string) int {
	if iso == "" {
		return -1 << 20
	}
	d, _ := time.Parse(time.DateOnly, iso)
	return int(d.Unix() / 86400)
}

// derived flags the kept rows and puts them into spells and stays.
func (c *recount) derived() (lines []string) {
	d := c.truth.Derived
	for _, name := range derivedNames() {
		d[name] = 0
	}
	in := func(v string, list ...string) bool { return slices.Contains(list, v) }
	groups := map[string][]map[string]string{}
	skin := regexp.MustCompile(`^(L|A46|B0|B3[56]|B8[5-8]|C43|C44|C460|C84[01]|D0[34]|D17|D18|D22|D23|Q8[0-2])`)
	cut := regexp.MustCompile(`^S([0-6]|70)`)
	for _, v := range c.kept {
		arrived := in(v["ADMISORC"], "51", "52", "53") || in(v["ADMIMETH"], "2B", "81")
		left := in(v["DISDEST"], "51", "52", "53")
		v["TRANSIT"] = map[bool]map[bool]string{false: {false: "0", true: "1"}, true: {true: "2", false: "3"}}[arrived][left]
		d["TRANSIT-"+v["TRANSIT"]]++
		v["FILLED"] = v["ADMIDATE"]
		if v["ADMIDATE"] == "" && v["EPISTART"] != "" && v["EPIORDER"] == "1" && !arrived {
			v["FILLED"] = v["EPISTART"]
			d["V4"]++
		}
		d["V1"] += int(is(v["EPISTAT"] != "3"))
		d["V2"] += int(is(v["EPITYPE"] != "1"))
		d["V3"] += int(is(v["EPIEND"] != "" && v["EPIEND"] < v["EPISTART"]))
		d["V6"] += int(is(v["PSEUDO_HESID"] == ""))
		d["V7"] += int(is(!in(v["SEX"], "1", "2") || v["STARTAGE"] == "" || v["WELL_BABY_IND"] == "Y" || v["SUSHRG"] == "PB03Z" || v["TRETSPEF"] == "424" && v["EPITYPE"] == "3"))
		v["VALID"] = "0"
		if v["PSEUDO_HESID"] != "" && v["PROCODE3"] != "" && v["FILLED"] != "" && v["EPIKEY"] != "" && v["EPISTART"] != "" && v["EPIEND"] != "" && v["EPISTAT"] == "3" {
			v["VALID"] = "1"
			d["EPI_VALID"]++
		} else {
			d["V5"]++
		}
		if v["PSEUDO_HESID"] != "" {
			same := fmt.Sprint(v["PSEUDO_HESID"], v["EPISTART"], v["EPIEND"], v["EPIORDER"], v["PROCODE3"], v["TRANSIT"], v["FILLED"], v["DISDATE"])
			groups[same] = append(groups[same], v)
		}
		n1 := v["MAINSPEF"] == "330" || in(v["TRETSPEF"], "330", "257")
		n2 := skin.MatchString(v["DIAG_01"])
		n3 := false
		for i := range 24 {
			n3 = n3 || cut.MatchString(v[fmt.Sprintf("OPERTN_%02d", i+1)])
		}
		for name, met := range map[string]bool{"N1": n1, "N2": n2, "N3": n3, "union": n1 || n2 || n3} {
			c.truth.Kept[name] += int(is(met))
		}
	}
	quality := func(v map[string]string) string {
		n := 0
		for _, f := range []string{"ADMIMETH", "ADMISORC", "DISDEST", "DISMETH", "MAINSPEF", "STARTAGE", "SITETRET", "TRETSPEF", "OPERTN_01"} {
			n += int(is(v[f] != ""))
		}
		for i := range 14 {
			n += int(is(v[fmt.Sprintf("DIAG_%02d", i+1)] != ""))
		}
		return fmt.Sprintf("%02d %10s %20s", n, v["SUBDATE"], v["EPIKEY"])
	}
	for _, g := range groups {
		sort.Slice(g, func(i, j int) bool { return quality(g[i]) > quality(g[j]) })
		for _, v := range g[1:] {
			v["COPY"] = "1"
			d["D1"]++
		}
	}
	people := map[string][]map[string]string{}
	for _, v := range c.kept {
		if v["PSEUDO_HESID"] != "" {
			people[v["PSEUDO_HESID"]] = append(people[v["PSEUDO_HESID"]], v)
		}
	}
	d["PEOPLE"] = len(people)
	for _, rows := range people {
		c.person(slices.DeleteFunc(slices.Clone(rows), func(v map[string]string) bool { return v["VALID"] == "0" || v["COPY"] == "1" }))
	}
	for _, v := range c.kept {
		copied := "0"
		if v["COPY"] == "1" {
			copied = "1"
		}
		lines = append(lines, strings.Join([]string{v["EPIKEY"], v["FYEAR"], v["SPELL"], v["P1"], v["P2"], copied, v["VALID"]}, ","))
	}
	return lines
}

// person joins one person's valid rows to spells (S1), those to stays.
func (c *recount) person(rows []map[string]string) {
	d := c.truth.Derived
	byProvider := map[string][]map[string]string{}
	for _, v := range rows {
		byProvider[v["PROCODE3"]] = append(byProvider[v["PROCODE3"]], v)
	}
	var spells [][]map[string]string
	for _, list := range byProvider {
		sort.Slice(list, func(i, j int) bool {
			key := func(v map[string]string) string {
				return fmt.Sprintf("%s %s %2s %s %20s", v["EPISTART"], v["EPIEND"], v["EPIORDER"], v["TRANSIT"], v["EPIKEY"])
			}
			return key(list[i]) < key(list[j])
		})
		for i, v := range list {
			if i > 0 {
				p := list[i-1]
				if v["FILLED"] == p["FILLED"] || v["EPISTART"] == p["EPISTART"] || (p["DISMETH"] == "8" || p["DISMETH"] == "9") && v["EPISTART"] == p["EPIEND"] {
					spells[len(spells)-1] = append(spells[len(spells)-1], v)
					continue
				}
			}
			spells = append(spells, []map[string]string{v})
		}
	}
	d["SPELLS"] += len(spells)
	sort.Slice(spells, func(i, j int) bool {
		a, b := spells[i], spells[j]
		return a[0]["FILLED"]+a[len(a)-1]["DISDATE"]+a[0]["EPIKEY"] < b[0]["FILLED"]+b[len(b)-1]["DISDATE"]+b[0]["EPIKEY"]
	})
	list := func(v string, codes ...string) bool { return slices.Contains(codes, v) }
	var stays [][][]map[string]string // by P1
	p2 := -1
	for i, s := range spells {
		first := s[0]
		if i > 0 {
			before := spells[i-1]
			last := before[len(before)-1]
			gap := day(first["FILLED"]) - day(last["DISDATE"])
			moved := list(last["DISDEST"], "49", "50", "51", "52", "53", "84") || list(first["ADMISORC"], "49", "50", "51", "52", "53", "87") || list(first["ADMIMETH"], "2B", "81")
			home := last["DISDEST"] == "19" && first["ADMISORC"] == "51" && first["ADMIMETH"] == "21"
			regular := list(first["CLASSPAT"], "3", "4") || list(before[0]["CLASSPAT"], "3", "4")
			if gap >= 0 && gap <= 2 && moved && !home && !regular {
				stays[len(stays)-1] = append(stays[len(stays)-1], s)
			} else {
				stays = append(stays, [][]map[string]string{s})
			}
			end := ""
			for _, v := range before {
				end = max(end, v["EPIEND"])
			}
			gap = day(first["EPISTART"]) - day(end)
			if !(gap >= 0 && gap <= 3 && (list(last["DISDEST"], "51", "52", "53") || list(first["ADMISORC"], "51", "52", "53") || list(first["ADMIMETH"], "2B", "81"))) {
				d["STAYS-P2"]++
				p2 = i
			}
		} else {
			stays = append(stays, [][]map[string]string{s})
			d["STAYS-P2"]++
			p2 = i
		}
		for _, v := range s {
			v["SPELL"], v["P2"], v["P1"] = spells[i][0]["EPIKEY"], spells[p2][0]["EPIKEY"], stays[len(stays)-1][0][0]["EPIKEY"]
		}
	}
	d["STAYS-P1"] += len(stays)
	c.readmitted(stays)
}

func (c *recount) readmitted(stays [][][]map[string]string) {
	last, hit := -1, map[int]bool{}
	for i, stay := range stays {
		first := stay[0][0]
		end := stay[len(stay)-1]
		final := end[len(end)-1]
		if last >= 0 && strings.HasPrefix(first["ADMIMETH"], "2") {
			before := stays[last][len(stays[last])-1]
			if gap := day(first["FILLED"]) - day(before[len(before)-1]["DISDATE"]); gap >= 0 && gap <= 29 {
				hit[last] = true
			}
		}
		counts := final["DISDATE"] != "" && strings.Contains("1235", final["DISMETH"]) && final["DISMETH"] != "" && final["DISMETH"] != "5" && first["CLASSPAT"] != "2"
		for _, s := range stay {
			for _, v := range s {
				for i := range 20 {
					code := v[fmt.Sprintf("DIAG_%02d", i+1)]
					counts = counts && !strings.HasPrefix(code, "C") && code != "Z511"
				}
				counts = counts && !slices.Contains([]string{"501", "560"}, v["MAINSPEF"]) && !slices.Contains([]string{"501", "560"}, v["TRETSPEF"]) &&
					v["ADMIMETH"] != "31" && v["EPITYPE"] != "2" && !strings.HasPrefix(v["DIAG_01"], "O")
			}
		}
		if counts {
			last = i
			c.truth.Derived["R1-DENOMINATOR"]++
		}
	}
	c.truth.Derived["R1-NUMERATOR"] += len(hit)
}
