package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readSheet reads the first sheet of an Excel workbook: dates, which have the
// style 2, as dates.
func readSheet(t *testing.T, file []byte) (heads []string, rows [][]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var x struct {
		Rows []struct {
			Cells []struct {
				R string `xml:"r,attr"`
				S string `xml:"s,attr"`
				V string `xml:"v"`
				I string `xml:"is>t"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.NewDecoder(f).Decode(&x); err != nil {
		t.Fatal(err)
	}
	for n, r := range x.Rows {
		line := make([]string, len(heads))
		for _, c := range r.Cells {
			at := 0
			for _, l := range strings.TrimRight(c.R, "0123456789") {
				at = 26*at + int(l-'A') + 1
			}
			text := c.V + c.I
			if c.S == "2" {
				days, err := strconv.Atoi(c.V)
				if err != nil {
					t.Fatal(err)
				}
				text = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days).Format(time.DateOnly)
			}
			if n == 0 {
				heads = append(heads, text)
				continue
			}
			line[at-1] = text
		}
		if n > 0 {
			rows = append(rows, line)
		}
	}
	return heads, rows
}
