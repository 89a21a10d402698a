package load

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// extract says in words which cut of a year an extract is. Numbers 1 to 12 are
// months, 13 comes after the year's last month, 99 is the final one.
func extract(year, number, source string) string {
	n, _ := strconv.Atoi(number)
	kind := "of a kind that is not known"
	switch {
	case n >= 1 && n <= 12:
		kind = fmt.Sprintf("provisional, month %d", n)
	case n == 13:
		kind = "month 13, after the year's end"
	case n == 99:
		kind = "annual, final"
	}
	return fmt.Sprintf("%s number %s: %s (from %s)", year, number, kind, source)
}

// fileName is what a file's name says of it; what it does not say is empty.
type fileName struct {
	dataSet string   // "APC", "OP", "AE" or "CC"
	year    string   // the digits as they stand
	years   []string // the FYEAR values that they may stand for
	number  string   // of the extract
}

// nameSays reads names such as NIC123_HES_APC_201999_x.txt (year 2019, extract
// 99), FILE1_HES_APC_2019.txt and artificial_hes_apc_0102.csv. Where digits may
// be read in two ways, both are given: 2021 is 2020-21 or begins in 2021.
func nameSays(name string) fileName {
	var out fileName
	name = name[strings.LastIndex(name, memberMark)+1:] // of an archive's member its own
	found := regexp.MustCompile(`(?i)(?:HES[_ -]?(APC|OP|AE|CC)|(?:^|[^A-Z])(APC))(?:$|[^A-Z0-9]+(?:(\d{4})(\d{2})?(?:\D|$))?)`).FindStringSubmatch(name)
	if found == nil {
		return out
	}
	out.dataSet, out.year, out.number = strings.ToUpper(found[1]+found[2]), found[3], found[4]
	if out.year == "" {
		return out
	}
	if follows([]byte(out.year[:2]), []byte(out.year[2:])) && out.number == "" {
		out.years = append(out.years, out.year)
	}
	if y := number([]byte(out.year)); y >= firstYear && y < firstYear+100 {
		out.years = append(out.years, string(pair(y)))
		if follows([]byte(out.year), []byte(out.number)) {
			out.number = "" // 201112 is rather a year than its extract 12
		}
	} else if out.number != "" {
		out.year, out.number = "", ""
	}
	return out
}

// remarks says where a file's name and its content disagree.
func remarks(x *Inspected, admitted bool) []string {
	var out []string
	says := nameSays(x.Name)
	if says.dataSet != "" && admitted != (says.dataSet == "APC") {
		content := "admitted patient care"
		if !admitted {
			content = "another data set"
		}
		out = append(out, fmt.Sprintf("Its name says %s, and it holds %s.", says.dataSet, content))
	}
	var years []string
	for _, y := range x.Years {
		if y.Year != "" {
			years = append(years, y.Year)
		}
	}
	if len(says.years) > 0 && len(years) > 0 && !slices.ContainsFunc(years, func(y string) bool { return slices.Contains(says.years, y) }) {
		out = append(out, fmt.Sprintf("Its name says the financial year %s, and its rows are of %s.", strings.Join(says.years, " or "), strings.Join(years, ", ")))
	}
	if len(years) > 1 {
		out = append(out, fmt.Sprintf("It holds rows of %d financial years.", len(years)))
	}
	return out
}
