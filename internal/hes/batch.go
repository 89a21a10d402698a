package hes

// Batch is a block of cleaned episodes, column by column, on its way from a
// loader into a release. Which fields the columns hold is agreed beforehand; a
// repeated field comes slot by slot (DIAG_01, DIAG_02, …).
type Batch struct {
	Rows    int
	Columns []Column
}

// Column is one field of a Batch: the canonical values of its rows, one after
// another.
type Column struct {
	Bytes []byte   // the values, without separators
	Ends  []uint32 // for each row the end of its value in Bytes; an empty value is a missing one
}

// Value returns the value of a row. It shares memory with the column.
func (c *Column) Value(row int) []byte {
	start := uint32(0)
	if row > 0 {
		start = c.Ends[row-1]
	}
	return c.Bytes[start:c.Ends[row]]
}

// Append adds a row's value.
func (c *Column) Append(value []byte) {
	c.Bytes = append(c.Bytes, value...)
	c.Ends = append(c.Ends, uint32(len(c.Bytes)))
}

// Reset empties the batch and keeps its memory for reuse.
func (b *Batch) Reset() {
	b.Rows = 0
	for i := range b.Columns {
		b.Columns[i].Bytes = b.Columns[i].Bytes[:0]
		b.Columns[i].Ends = b.Columns[i].Ends[:0]
	}
}
