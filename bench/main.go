// Command bench measures webenable beside DuckDB, in one run on one extract.
//
// Every contender is a process of its own: webenable as make built it, and this
// same program again for DuckDB, so that time and memory are told apart. They
// take turns on the same CPUs and read the same files, which webenable's own
// generator made; afterwards both are asked what they hold, because a fast load
// of other rows proves nothing. A goal that is missed is reported as missed and
// does not fail the run; a different answer does.
//
// The program needs Linux, whose /proc tells the memory of running processes,
// and a C compiler for DuckDB. It is a module of its own so that webenable
// itself depends on neither.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// env is what a command has to do with the world.
type env struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
}

// command is something to measure. Those without a sentence are for the
// program's own use.
type command struct {
	name, what string
	run        func(ctx context.Context, e env, args []string) error
}

func commands() []command {
	return []command{
		{"load", "loading: DuckDB's typed read, webenable all, webenable dermatology", runLoad},
		{"scale", "loading four times the rows: webenable all", runScale},
		{duckCommand, "", runDuckChild},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, env{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now}, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, e env, args []string) error {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(ctx, e, args[1:])
			}
		}
	}
	fmt.Fprintln(e.err, "Name what to measure; each has --help:")
	for _, c := range commands() {
		if c.what != "" {
			fmt.Fprintf(e.err, "  go run . %-6s %s\n", c.name, c.what)
		}
	}
	return flag.ErrHelp
}

// options are common to what is measured.
type options struct {
	rows   int    // of the extract
	years  string // financial years of the extract, first-last
	root   string // of the project
	dir    string // where extracts and results are kept
	repeat int    // rounds
	cpus   int    // that each contender may use
	keep   bool   // what was loaded
}

// parse reads a command's options.
func parse(e env, name string, rows int, args []string) (options, error) {
	var o options
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(e.err)
	f.IntVar(&o.rows, "rows", rows, "`rows` of the extract")
	f.StringVar(&o.years, "years", "2004-2013", "financial years of the extract, first-last")
	f.StringVar(&o.root, "root", "..", "`folder` of the project, with bin/webenable in it")
	f.StringVar(&o.dir, "dir", "../data/bench", "`folder` for the extract, what is loaded and the result")
	f.IntVar(&o.repeat, "repeat", 1, "rounds; medians are reported")
	f.IntVar(&o.cpus, "cpus", 2, "CPUs that each contender may use")
	f.BoolVar(&o.keep, "keep", false, "keep what was loaded; else only the extract stays")
	if err := f.Parse(args); err != nil {
		return o, flag.ErrHelp
	}
	if f.NArg() > 0 || o.rows < 1 || o.repeat < 1 || o.cpus < 1 {
		return o, errors.New("rows, repeat and cpus are whole numbers from 1, and nothing but options follows the command")
	}
	return o, nil
}
