// Package store is the default engine: a read-only, memory-mapped column store
// that lives in the release folder.
//
// A release's rows are in one fixed order, newest admission first, and never
// change. Each field is one column: a dictionary of its distinct values, sorted
// by the field's type, and for each row a code of 1, 2 or 4 bytes, 0 for
// missing and otherwise the value's rank in the dictionary. So a prefix or a
// range of values is a range of codes, and sorting compares codes. A family of
// slots (DIAG_nn) has one dictionary for all slots, the slots' codes row after
// row with offsets, and posting lists: for each code the rows that have it. A
// person column is a number for each row and the rows of each person.
//
// A question becomes a bitmap over rows; totals are its population count, a
// page of the release's own order is found by rank, a facet is a histogram of
// codes under the bitmap.
//
// Files of a release, all little-endian:
//
//	meta.json          version, rows, persons, columns with widths and sizes
//	NAME.dict          u32 count, u32 ends of each value from the start of the text, text
//	NAME.codes         a code for each row (scalar columns)
//	NAME.offsets       u32 for each row and one more: where the row's codes start (families)
//	NAME.list          codes of all rows' slots, gaps 0 (families)
//	NAME.postings      u32 starts for each code and one more, then u32 row ids (families)
//	person.rows        u32 person number for each row; persons.starts, persons.list: rows of each person
//	NAME.raw.dict      as NAME.dict: texts as delivered, of a field or slot some of whose values the load changed
//	NAME.raw.rows      u32 rows in which it did, rising; not there if NAME.raw.codes has a code for each row
//	NAME.raw.codes     their texts; for each row, 0 is "not changed"
//	origin.files       as NAME.dict: the files that were read
//	origin.file        a code for each row, from 1; origin.line: u32 line in that file for each row
//	identifying/...    the same for columns of the class Prohibited
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
)

// formatVersion changes whenever a file of an older version would be misread.
const formatVersion = 2

const (
	metaFile       = "meta.json"
	identifyingDir = "identifying"
)

// meta describes a release's data.
type meta struct {
	Version int          `json:"version"`
	Rows    int          `json:"rows"`
	Persons int          `json:"persons"`
	Columns []columnMeta `json:"columns"`           // in the order of the dictionary; families once
	Raw     []rawMeta    `json:"raw,omitempty"`     // by name
	Origins int          `json:"origins,omitempty"` // files that rows were read from; 0: not held
}

// columnMeta describes one column's files.
type columnMeta struct {
	Name        string   `json:"name"`            // field or family
	Slots       []string `json:"slots,omitempty"` // of a family, the slots that were delivered
	Width       int      `json:"width"`           // bytes of a code: 1, 2 or 4
	Values      int      `json:"values"`
	Items       int      `json:"items,omitempty"` // codes in a family's list
	Postings    int      `json:"postings,omitempty"`
	Identifying bool     `json:"identifying,omitempty"`
}

// rawMeta describes the files of a field's or slot's texts as delivered.
type rawMeta struct {
	Name        string `json:"name"`
	Width       int    `json:"width"`
	Values      int    `json:"values"`
	Rows        int    `json:"rows,omitempty"` // rows in NAME.raw.rows; 0: a code for each row
	Identifying bool   `json:"identifying,omitempty"`
}

// folder returns where the files of a column are.
func folder(root string, identifying bool) string {
	if identifying {
		return filepath.Join(root, identifyingDir)
	}
	return root
}

// isPerson tells whether a column is the person key, which has a number for
// each distinct value.
func isPerson(name string) bool { return name == hes.PersonField }

func widthFor(values int) int {
	switch {
	case values < 1<<8:
		return 1
	case values < 1<<16:
		return 2
	}
	return 4
}

func readMeta(dir string) (meta, error) {
	var m meta
	b, err := os.ReadFile(filepath.Join(dir, metaFile))
	if err != nil {
		return m, unreadable(err, metaFile)
	}
	if json.Unmarshal(b, &m) != nil {
		return m, damaged("%s cannot be understood", metaFile)
	}
	if m.Version != formatVersion {
		return m, fault.New(fault.Unavailable, "The release has data of format %d and this version of the program reads format %d. Load the files again.", m.Version, formatVersion)
	}
	if m.Rows < 0 || m.Rows >= int(driver.NoRow) || m.Persons < 0 || m.Persons > m.Rows || m.Origins < 0 {
		return m, damaged("%s holds impossible numbers", metaFile)
	}
	return m, nil
}

// damaged returns the error for files that are not as they were written.
func damaged(format string, args ...any) error {
	return fault.New(fault.Unavailable, "The release is damaged: %s. Switch to another release or load the files again.", fmt.Sprintf(format, args...))
}

// unreadable returns the error for a file that the system does not give us.
func unreadable(err error, name string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return damaged("%s is missing", name)
	}
	return fault.Wrap(fault.Unavailable, err, "The release's file %s cannot be read: check the rights of the data folder and the disk", name)
}
