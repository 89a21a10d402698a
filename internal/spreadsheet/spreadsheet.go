// Package spreadsheet keeps texts texts in the files that people open in a
// spreadsheet.
package spreadsheet

import "strings"

// Safe keeps a spreadsheet from taking a text for a formula. Some read the wide
// signs of East Asian writing as the narrow ones, and pass over what is no letter.
func Safe(text string) string {
	if strings.IndexAny(text, "=+-@＝＋－＠\t\r\n\x00") == 0 {
		return "'" + text
	}
	return text
}
