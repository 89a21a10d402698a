package dump

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"webenablehes/internal/fault"
)

// Format is how a file is written.
type Format string

// The formats.
const (
	CSV     Format = "csv"      // see csvLines
	Parquet Format = "parquet"  // see parquetLines
	SafeCSV Format = "safe-csv" // CSV for people: no text of it is a formula to a spreadsheet
	XLSX    Format = "xlsx"     // see xlsxLines
)

// Target is where a file goes. Exactly one of Commit and Abort ends it.
type Target interface {
	io.Writer
	// Sync makes what was written durable.
	Sync() error
	// Commit makes it the file that was asked for.
	Commit() error
	// Abort takes it away, as far as it can be.
	Abort() error
}

// lines is a format's writer.
type lines interface {
	line(values []string) error
	end() error
}

// bufferBytes is written at once; small writes would cost more than the lines.
const bufferBytes = 1 << 20

// Sink writes lines to a target and hashes every byte of it. It is not safe for
// concurrent use.
type Sink struct {
	to   Target
	buf  *bufio.Writer
	hash hash.Hash
	out  lines
}

// NewSink begins a file of a table's columns. about says what it is, as terms and
// texts, in the formats that have room for it: Parquet and XLSX.
func NewSink(to Target, f Format, columns []Column, about ...[2]string) (*Sink, error) {
	s := &Sink{to: to, hash: sha256.New()}
	s.buf = bufio.NewWriterSize(io.MultiWriter(to, s.hash), bufferBytes)
	var err error
	switch f {
	case CSV:
		s.out, err = newCSV(s.buf, columns, false)
	case SafeCSV:
		s.out, err = newCSV(s.buf, columns, true)
	case Parquet:
		s.out, err = newParquet(s.buf, columns, about)
	case XLSX:
		s.out, err = newXLSX(s.buf, columns, about)
	default:
		err = fault.New(fault.Invalid, "A file is written as csv, xlsx or parquet.")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Line writes a line; values are as the table's columns and are not kept.
func (s *Sink) Line(values []string) error { return cannotWrite(s.out.line(values)) }

// Finish writes what is left, makes it durable and returns the SHA-256 of the
// whole in hex. The file is not yet under its name.
func (s *Sink) Finish() (sum string, err error) {
	if err := errors.Join(s.out.end(), s.buf.Flush()); err != nil {
		return "", cannotWrite(err)
	}
	if err := s.to.Sync(); err != nil {
		return "", cannotWrite(err)
	}
	return hex.EncodeToString(s.hash.Sum(nil)), nil
}

// Commit puts the finished file under its name.
func (s *Sink) Commit() error { return s.to.Commit() }

// Abort takes the file away.
func (s *Sink) Abort() error { return s.to.Abort() }

// cannotWrite says that a file cannot be written, unless the error has a
// sentence already.
func cannotWrite(err error) error {
	if _, told := errors.AsType[*fault.Error](err); told {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "The file cannot be written to the end; look at the free space and the rights of the folder, then give the command again")
}
