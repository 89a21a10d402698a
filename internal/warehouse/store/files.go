package store

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
)

// writeFile writes and syncs a file.
func writeFile(path string, write func(*bufio.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a data file: %w", err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write a data file: %w", err)
	}
	return nil
}

func u32(out *bufio.Writer, n uint32) error {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], n)
	_, err := out.Write(b[:])
	return err
}

func writeDict(path string, values []string) error {
	return writeFile(path, func(out *bufio.Writer) error {
		if err := u32(out, uint32(len(values))); err != nil {
			return err
		}
		end := uint32(0)
		for _, v := range values {
			end += uint32(len(v))
			if err := u32(out, end); err != nil {
				return err
			}
		}
		for _, v := range values {
			if _, err := out.WriteString(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeCodes(path string, width int, codes []uint32) error {
	return writeFile(path, func(out *bufio.Writer) error {
		var b [4]byte
		for _, c := range codes {
			binary.LittleEndian.PutUint32(b[:], c)
			if _, err := out.Write(b[:width]); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeFamily writes a family's offsets, list and postings. codes are those of
// the delivered slots; a slot that was not delivered is a gap.
func writeFamily(base string, c *columnMeta, slots []*spill, codes [][]uint32) error {
	rows := len(codes[0])
	offsets := make([]uint32, 1, rows+1)
	var list []uint32
	counts := make([]uint32, c.Values+1)
	last := make([]uint32, c.Values+1) // row + 1 that a code was last seen in: a row counts once for a code
	for row := range rows {
		for i := range slots {
			code := codes[i][row]
			if code == 0 {
				continue
			}
			for len(list)-int(offsets[row]) < slots[i].field.Slot-1 {
				list = append(list, 0)
			}
			list = append(list, code)
			if last[code] != uint32(row)+1 {
				last[code] = uint32(row) + 1
				counts[code]++
			}
		}
		offsets = append(offsets, uint32(len(list)))
	}
	starts := make([]uint32, c.Values+2)
	for code := 1; code <= c.Values; code++ {
		starts[code+1] = starts[code] + counts[code]
	}
	postings := make([]uint32, starts[c.Values+1])
	at := append([]uint32(nil), starts...)
	clear(last)
	for row := range rows {
		for _, code := range list[offsets[row]:offsets[row+1]] {
			if code != 0 && last[code] != uint32(row)+1 {
				last[code] = uint32(row) + 1
				postings[at[code]] = uint32(row)
				at[code]++
			}
		}
	}
	c.Items, c.Postings = len(list), len(postings)
	if err := writeCodes(base+".offsets", 4, offsets); err != nil {
		return err
	}
	if err := writeCodes(base+".list", c.Width, list); err != nil {
		return err
	}
	return writeCodes(base+".postings", 4, append(starts, postings...))
}
