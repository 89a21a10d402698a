package staging

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"webenablehes/internal/bulk"
	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Entry is one distinct text of a column and the value that it became.
type Entry struct {
	Raw   string // as delivered, without padding
	Clean string // "" if not recorded
}

// Writer makes a batch. Put may be called from several goroutines; the order in
// which blocks arrive does not matter to a release.
type Writer struct {
	dir     string
	columns []hes.Field
	units   []unit
	files   []string
	blocks  *os.File
	mu      sync.Mutex
	rows    int
	at      int64
	begun   int64 // up to here the disk was told to write
	metas   []blockMeta
	sums    map[string]uint32 // of the files but for the blocks
	keys    [][]Text          // of each unit that is an identifier: the values of all rows, in pieces
}

// piece is how many bytes of blocks are given to the disk at a time.
const piece = 64 << 20

// Create starts a batch in an empty folder. columns are in the order of the
// dictionary, slots one by one; files are the names of the inputs.
func Create(dir string, columns []hes.Field, files []string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cannotWrite(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, blocksFile), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, cannotWrite(err)
	}
	w := &Writer{dir: dir, columns: columns, units: units(columns), files: files, blocks: f, sums: map[string]uint32{}}
	w.keys = make([][]Text, len(w.units))
	return w, nil
}

// Block is up to MaxBlock rows on their way into a batch. Each goroutine has its
// own and uses it again.
type Block struct {
	w     *Writer
	Rows  int
	File  uint16     // the input that the rows come from
	Cells [][]uint32 // of each column the entry of each row, 0 where nothing was delivered; nil for identifiers
	Keys  []Text     // of each column that is an identifier, the values so far
	Lines []uint32   // line of each row in its input
	used  []bool     // columns with any entry
	out   []byte
	list  []uint32
	count []uint32
	sizes []uint32
	sums  []uint32
}

// NewBlock makes an empty block.
func (w *Writer) NewBlock() *Block {
	b := &Block{w: w, Cells: make([][]uint32, len(w.columns)), Keys: make([]Text, len(w.columns)), Lines: make([]uint32, MaxBlock), used: make([]bool, len(w.columns)), count: make([]uint32, MaxBlock)}
	for i, f := range w.columns {
		if !IsKey(f) {
			b.Cells[i] = make([]uint32, MaxBlock)
		}
	}
	return b
}

// Set puts an entry into the row that is being filled.
func (b *Block) Set(column int, entry uint32) {
	b.Cells[column][b.Rows] = entry
	b.used[column] = true
}

// Cell returns the entry of the row that is being filled.
func (b *Block) Cell(column int) uint32 { return b.Cells[column][b.Rows] }

// End completes the row. Each identifier's value must have been appended.
func (b *Block) End(line int) {
	b.Lines[b.Rows] = uint32(line)
	b.Rows++
}

// Drop takes back what was set of the row that is being filled.
func (b *Block) Drop() {
	for i, used := range b.used {
		if used {
			b.Cells[i][b.Rows] = 0
		}
	}
	for i, c := range b.Cells {
		if c == nil && b.Keys[i].Len() > b.Rows {
			k := &b.Keys[i]
			k.Ends = k.Ends[:b.Rows]
			k.Bytes = k.Bytes[:0]
			if b.Rows > 0 {
				k.Bytes = k.Bytes[:k.Ends[b.Rows-1]]
			}
		}
	}
}

// reset empties the block.
func (b *Block) reset() {
	for i, used := range b.used {
		if used {
			clear(b.Cells[i][:b.Rows])
			b.used[i] = false
		}
		b.Keys[i].Bytes, b.Keys[i].Ends = b.Keys[i].Bytes[:0], b.Keys[i].Ends[:0]
	}
	b.Rows = 0
}

// Put writes a block out and empties it.
func (w *Writer) Put(b *Block) error {
	if b.Rows == 0 {
		return nil
	}
	b.out, b.sizes, b.sums = b.out[:0], b.sizes[:0], b.sums[:0]
	for _, u := range w.units {
		start := len(b.out)
		switch {
		case b.Cells[u.first] == nil: // identifiers are kept in memory until the end
		case u.n == 1:
			if b.used[u.first] {
				b.out = putCodes(b.out, b.Cells[u.first][:b.Rows])
			} else {
				b.out = append(b.out, 0)
			}
		default:
			b.family(u)
		}
		b.sizes = append(b.sizes, uint32(len(b.out)-start))
		b.sums = append(b.sums, sum(b.out[start:]))
	}
	start := len(b.out)
	b.out = putCodes(b.out, b.Lines[:b.Rows])
	b.sizes = append(b.sizes, uint32(len(b.out)-start))
	b.sums = append(b.sums, sum(b.out[start:]))

	keys := make([]Text, len(w.units))
	for i, u := range w.units {
		if k := &b.Keys[u.first]; b.Cells[u.first] == nil {
			keys[i] = Text{Bytes: slices.Clone(k.Bytes), Ends: slices.Clone(k.Ends)}
		}
	}
	w.mu.Lock()
	at := w.at
	w.at += int64(len(b.out))
	begin := w.begun
	if w.at-w.begun > piece {
		w.begun = at
	}
	w.rows += b.Rows
	w.metas = append(w.metas, blockMeta{Rows: b.Rows, At: at, File: b.File, Sizes: slices.Clone(b.sizes), Sums: slices.Clone(b.sums)})
	for i, k := range keys {
		if k.Ends != nil {
			w.keys[i] = append(w.keys[i], k)
		}
	}
	w.mu.Unlock()
	b.reset()
	if _, err := w.blocks.WriteAt(b.out, at); err != nil {
		return cannotWrite(err)
	}
	if at > begin && at+int64(len(b.out))-begin > piece {
		durable.Begin(w.blocks, begin, at-begin)
	}
	return nil
}

// family writes how many slots each row fills, then the codes of those slots.
func (b *Block) family(u unit) {
	count := b.count[:b.Rows]
	clear(count)
	for s := range u.n {
		if !b.used[u.first+s] {
			continue
		}
		for row, c := range b.Cells[u.first+s][:b.Rows] {
			if c != 0 {
				count[row] = uint32(s + 1)
			}
		}
	}
	b.out = putCodes(b.out, count)
	b.list = b.list[:0]
	for row, n := range count {
		for s := range int(n) {
			b.list = append(b.list, b.Cells[u.first+s][row])
		}
	}
	b.out = putCodes(b.out, b.list)
}

// Abort gives up. The caller removes the folder.
func (w *Writer) Abort() error { return w.blocks.Close() }

// finish writes the tables. entries are those of the first column of each unit;
// entry 0 is nothing delivered and is not among them.
func (w *Writer) finish(entries [][]Entry, m *meta) error {
	m.Version, m.Rows, m.Blocks, m.Files = formatVersion, w.rows, w.metas, w.files
	errs := make(chan error, len(w.units))
	// The largest first, so that no core waits for another at the end.
	order := make([]int, len(w.units))
	size := make([]int, len(w.units))
	for i := range w.units {
		order[i] = i
		for _, piece := range w.keys[i] {
			size[i] += len(piece.Bytes)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	todo := make(chan int, len(w.units))
	for _, i := range order {
		todo <- i
	}
	close(todo)
	m.Entries, m.Sums = make([]int, len(w.units)), w.sums
	for range 2 {
		go func() {
			for i := range todo {
				errs <- w.table(i, entries, m)
			}
		}()
	}
	var all []error
	for range w.units {
		all = append(all, <-errs)
	}
	for _, f := range w.columns {
		m.Columns = append(m.Columns, f.Name)
	}
	return errors.Join(all...)
}

func (w *Writer) table(i int, entries [][]Entry, m *meta) error {
	u := w.units[i]
	base := filepath.Join(w.dir, w.columns[u.first].Name)
	if IsKey(w.columns[u.first]) {
		all, err := join(w.keys[i])
		if err != nil {
			return err
		}
		w.keys[i] = nil
		sorted, codes := all.Sort()
		return w.key(base, sorted, codes)
	}
	m.Entries[i] = len(entries[u.first])
	var t Text
	for _, e := range entries[u.first] {
		t.Append([]byte(e.Raw))
		t.Append([]byte(e.Clean))
	}
	return w.file(base+".entries", t.Bytes, t.Ends)
}

// join puts pieces together.
func join(pieces []Text) (Text, error) {
	rows, size := 0, 0
	for _, p := range pieces {
		rows, size = rows+len(p.Ends), size+len(p.Bytes)
	}
	if size > math.MaxUint32 {
		return Text{}, fault.New(fault.Invalid, "The files hold more rows than one load can take: load the years one after another.")
	}
	all := Text{Bytes: bulk.Make[byte](size)[:0], Ends: bulk.Make[uint32](rows)[:0]}
	for _, p := range pieces {
		base := uint32(len(all.Bytes))
		all.Bytes = append(all.Bytes, p.Bytes...)
		for _, e := range p.Ends {
			all.Ends = append(all.Ends, base+e)
		}
	}
	return all, nil
}

func (w *Writer) key(base string, sorted Text, codes []uint32) error {
	if err := w.file(base+".text", sorted.Bytes, []uint32{uint32(sorted.Len())}, sorted.Ends); err != nil {
		return err
	}
	return w.file(base+".codes", nil, codes)
}

// file writes numbers, and bytes behind them, and notes the checksum. They are
// written in pieces, since a copy of all would be as large as they are.
func (w *Writer) file(path string, behind []byte, numbers ...[]uint32) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return cannotWrite(err)
	}
	c := uint32(0)
	put := func(b []byte) {
		if err == nil {
			c = crc32.Update(c, castagnoli(), b)
			_, err = f.Write(b)
		}
	}
	buf := make([]byte, 0, 1<<18)
	for _, list := range numbers {
		for part := range slices.Chunk(list, cap(buf)/4) {
			buf = buf[:0]
			for _, n := range part {
				buf = binary.LittleEndian.AppendUint32(buf, n)
			}
			put(buf)
		}
	}
	put(behind)
	durable.Begin(f, 0, 0)
	if err := errors.Join(err, f.Close()); err != nil {
		return cannotWrite(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sums[filepath.Base(path)] = c
	return nil
}
