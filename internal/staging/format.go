// Package staging holds the cleaned rows of all loaded years, which are never
// served: releases are derived from them.
//
// A load writes one batch, an immutable folder. Each column has a table of
// entries: the distinct texts that were delivered, each with the canonical value
// that the cleansing rules made of it. Rows hold entry numbers, so that what was
// delivered stays reachable beside what became of it, and a rule runs once for
// each distinct text instead of once for each row. Identifiers have about as many
// values as rows; they are kept as texts and get a sorted dictionary when the
// batch is finished.
//
//	batch.json         what the batch is: columns, blocks, files, the report of its reading
//	blocks             the rows, some thousands to a block, a unit after the other in each
//	NAME.entries       texts and values of a column; the slots of a family share those of the first
//	NAME.text, .codes  an identifier's values in order, and for each row its place there
//	dead               rows that were rejected after they had been read: a key that was there twice
//
// A batch is written by a process that reads strangers' files, so Open believes
// nothing in it. Which batches are in force, and for which years, is the one small
// file "current", replaced as a whole.
package staging

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
)

const (
	formatVersion = 2
	batchFile     = "batch.json"
	blocksFile    = "blocks"
	deadFile      = "dead"
	// MaxBlock is the largest number of rows of a block.
	MaxBlock = 1 << 11
)

// meta is batch.json.
type meta struct {
	Version int               `json:"version"`
	Rows    int               `json:"rows"`
	Columns []string          `json:"columns"` // field names, slots one by one, in the order of the dictionary
	Entries []int             `json:"entries"` // of each unit, 0 for identifiers
	Blocks  []blockMeta       `json:"blocks"`
	Files   []string          `json:"files"` // names of the inputs, for origins
	Sums    map[string]uint32 `json:"sums"`  // CRC-32C of the other files, by name
	Dead    int               `json:"dead"`
	Report  *quality.Report   `json:"report"`
}

type blockMeta struct {
	Rows  int      `json:"r"`
	At    int64    `json:"a"` // where it begins in the file of blocks
	File  uint16   `json:"f"` // the input that its rows came from
	Sizes []uint32 `json:"s"` // bytes of each unit, the origins' last
	Sums  []uint32 `json:"c"` // CRC-32C of each unit
}

// unit is what stands together in a block: one column, or a family's slots.
type unit struct{ first, n int }

// IsKey tells whether a field is kept as texts.
func IsKey(f hes.Field) bool { return f.Type == hes.Key }

// Units tells for each column the first column of what it stands together with
// in a block: a family's slots share one table of entries, other columns have one
// of their own.
func Units(columns []hes.Field) []int {
	out := make([]int, len(columns))
	for _, u := range units(columns) {
		for i := range u.n {
			out[u.first+i] = u.first
		}
	}
	return out
}

// units groups columns: families of codes together, identifiers by themselves.
func units(columns []hes.Field) []unit {
	var out []unit
	for i := 0; i < len(columns); {
		n := 1
		for f := columns[i]; f.Family != "" && !IsKey(f) && i+n < len(columns) && columns[i+n].Family == f.Family && columns[i+n].Slot > columns[i+n-1].Slot; n++ {
		}
		out = append(out, unit{i, n})
		i += n
	}
	return out
}

// putCodes appends codes in the narrowest width that holds them: a byte with the
// width (0 when all are 0), then the codes.
func putCodes(out []byte, codes []uint32) []byte {
	all := uint32(0)
	for _, c := range codes {
		all |= c
	}
	switch {
	case all == 0:
		return append(out, 0)
	case all < 1<<8:
		out = append(out, 1)
		for _, c := range codes {
			out = append(out, byte(c))
		}
	case all < 1<<16:
		out = append(out, 2)
		for _, c := range codes {
			out = append(out, byte(c), byte(c>>8))
		}
	default:
		out = append(out, 4)
		for _, c := range codes {
			out = binary.LittleEndian.AppendUint32(out, c)
		}
	}
	return out
}

// sum is the checksum of what is written: disks are trusted no more than the
// process that reads strangers' files.
func sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli()) }

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

var errDamaged = fault.New(fault.Unavailable, "The staged rows are damaged, so nothing was made of them; what was served still is. Load the files of all years again.")

// cannotRead says that a part of a batch is gone or the disk fails.
func cannotRead(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The staged rows cannot be read, so nothing was made of them; what was served still is. Check the disk, or load the files of all years again")
}

// takeCodes reads n codes, each below limit, and returns what follows them.
func takeCodes(in []byte, n int, limit uint32, into []uint32) (rest []byte, err error) {
	if len(in) == 0 || len(in)-1 < n*int(in[0]) {
		return nil, errDamaged
	}
	width, in := in[0], in[1:]
	most := uint32(0)
	switch width {
	case 0:
		clear(into[:n])
	case 1:
		for i, b := range in[:n] {
			into[i] = uint32(b)
			most = max(most, uint32(b))
		}
	case 2:
		for i := range n {
			c := uint32(binary.LittleEndian.Uint16(in[2*i:]))
			into[i] = c
			most = max(most, c)
		}
	case 4:
		for i := range n {
			c := binary.LittleEndian.Uint32(in[4*i:])
			into[i] = c
			most = max(most, c)
		}
	default:
		return nil, errDamaged
	}
	if most >= limit {
		return nil, errDamaged
	}
	return in[n*int(width):], nil
}

func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, append(b, '\n'))
}

func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return cannotWrite(err)
	}
	_, err = f.Write(b)
	durable.Begin(f, 0, 0)
	if err = errors.Join(err, f.Close()); err != nil {
		return cannotWrite(err)
	}
	return nil
}

func u32bytes(v []uint32) []byte {
	out := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(out[4*i:], x)
	}
	return out
}
