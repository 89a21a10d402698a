package load

import "webenablehes/internal/hes"

// Rules returns the cleansing rules that may change a field's values, in their
// order. They are found by cleaning texts that each rule is about, so that what
// is said of a field is what a load does to it.
func Rules(f hes.Field) []hes.Rule {
	if f.List() {
		f.Family = f.Name // its slots are cleaned
	}
	var n counts
	scratch := make([]byte, 0, 256)
	for _, text := range trials() {
		clean(&f, []byte(text), scratch, &n)
	}
	// these two look at other fields of the row
	switch f.Name {
	case hes.YearField:
		n[ruleYear]++
	case "PROCODE3":
		n[ruleTrust]++
	}
	if f.Derived() {
		return nil // it is not delivered
	}
	var out []hes.Rule
	for i, r := range rules() {
		if n[i] > 0 {
			out = append(out, hes.Rule{ID: r.id, What: r.what, Source: r.source})
		}
	}
	return out
}

// trials are texts of which each is changed by some rule in some field.
func trials() []string {
	return []string{"NULL", "1800-01-01", "1801-01-01", "1600-01-01", "1/4/2008", "98", "99", "8", "9", "X", "0", "Z", "89997", "899", "&", "-", "V81997",
		"R69X", "Z99999999", "66", "7001", "Y", "L40.0", "S06.5", "X997", "5.0", "007", "none", "ral", "a\rb", "2008-09", "9999", "1960-04-01", "041960"}
}
