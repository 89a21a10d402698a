package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the peer
)

// duckCommand is the word by which this program starts itself for DuckDB.
const duckCommand = "duckdb-child"

// duckJob is what DuckDB is told to do, on standard input.
type duckJob struct {
	Database string   // file
	Load     string   // statement that makes the table; empty: count what is there
	Threads  int      // in all
	Count    []string // columns by whose values rows are counted
}

// held is what a contender says that it holds.
type held struct {
	Version string                    `json:"version,omitempty"`
	Rows    int                       `json:"rows"`
	Counts  map[string]map[string]int `json:"counts,omitempty"` // rows by column and value; "" is not recorded
}

// runDuckChild does one job in this process and says what came of it.
func runDuckChild(ctx context.Context, e env, _ []string) (err error) {
	var j duckJob
	if err := json.NewDecoder(e.in).Decode(&j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	db, err := sql.Open("duckdb", fmt.Sprintf("%s?threads=%d", j.Database, j.Threads))
	if err != nil {
		return fmt.Errorf("open DuckDB: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var h held
	if j.Load != "" {
		for _, s := range []string{j.Load, "checkpoint"} {
			if _, err := db.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("DuckDB cannot read the extract: %w", err)
			}
		}
		return nil
	}
	if err := db.QueryRowContext(ctx, "select version(), count(*) from hes").Scan(&h.Version, &h.Rows); err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	h.Counts = map[string]map[string]int{}
	for _, c := range j.Count {
		if h.Counts[c], err = countBy(ctx, db, c); err != nil {
			return fmt.Errorf("count rows by %s: %w", c, err)
		}
	}
	return json.NewEncoder(e.out).Encode(h)
}

func countBy(ctx context.Context, db *sql.DB, column string) (map[string]int, error) {
	name := `"` + strings.ReplaceAll(column, `"`, `""`) + `"`
	rows, err := db.QueryContext(ctx, "select coalesce("+name+", ''), count(*) from hes group by 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var value string
		var n int
		if err := rows.Scan(&value, &n); err != nil {
			return nil, err
		}
		counts[value] += n
	}
	return counts, rows.Err()
}

// readStatement is DuckDB's typed read of an extract: every column named and
// typed beforehand, so that nothing is spent on guessing.
func readStatement(x *extract, types map[string]string) string {
	var b strings.Builder
	b.WriteString("create table hes as select * from read_csv([")
	for i, f := range x.files {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(literal(f))
	}
	b.WriteString("], delim = '|', header = true, quote = '', escape = '', nullstr = '', dateformat = '%Y-%m-%d', auto_detect = false, columns = {")
	for i, c := range x.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(literal(c) + ": " + literal(types[c]))
	}
	b.WriteString("})")
	return b.String()
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// columnTypes gives each column DuckDB's type for it by the data dictionary:
// days are DATE, whole numbers INTEGER, all else VARCHAR, as keys and codes
// keep their leading zeros.
func columnTypes(dictionary string, columns []string) (map[string]string, error) {
	f, err := os.Open(dictionary)
	if err != nil {
		return nil, fmt.Errorf("open the data dictionary: %w", err)
	}
	defer f.Close()
	types, err := dictionaryTypes(f)
	if err != nil {
		return nil, fmt.Errorf("read the data dictionary: %w", err)
	}
	out := map[string]string{}
	for _, c := range columns {
		name := strings.ToUpper(c)
		t, ok := types[name]
		if !ok { // a slot: DIAG_02 of the family DIAG_nn
			t = types[strings.TrimRight(name, "0123456789")]
		}
		switch t {
		case "date":
			out[c] = "DATE"
		case "int":
			out[c] = "INTEGER"
		default:
			out[c] = "VARCHAR"
		}
	}
	return out, nil
}

// dictionaryTypes returns the type of each field, of a family of slots under
// its name up to the number: "DIAG_" for DIAG_nn.
func dictionaryTypes(r io.Reader) (map[string]string, error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("it is empty")
	}
	name, slots, kind := slices.Index(rows[0], "name"), slices.Index(rows[0], "slots"), slices.Index(rows[0], "type")
	if name < 0 || slots < 0 || kind < 0 {
		return nil, errors.New("it has no columns name, slots and type")
	}
	types := map[string]string{}
	for _, row := range rows[1:] {
		key := row[name]
		if row[slots] != "" {
			key = strings.TrimRight(key, "n")
		}
		types[key] = row[kind]
	}
	return types, nil
}
