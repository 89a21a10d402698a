// Package cli is the program's commands.
//
// Commands are types with a Run method; kong reads the command line into them.
// open.go is the wiring: the one place that names the engines and the registry's
// implementation.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"webenablehes/internal/fault"
	"webenablehes/internal/volume"
)

// Version is the program's version.
const Version = "0.1.0"

// Env is what a command has to do with the world.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
}

// globals are what every command gets.
type globals struct {
	ctx  context.Context
	env  Env
	now  func() time.Time
	safe func(folder string) (bool, error) // whether its volume is encrypted
	Data string                            `help:"Folder of the site's data." default:"./data" type:"path"`

	SecretKey string `help:"File of the key under which secrets of second factors are kept; made if it is not there. registry.key in the data folder if left out." type:"path"`
}

type commands struct {
	globals
	Load       loadCmd       `cmd:"" help:"Load raw HES files and publish them as a release."`
	Inspect    inspectCmd    `cmd:"" help:"Look at raw files: their form, columns, years and faults. Nothing is loaded."`
	Serve      serveCmd      `cmd:"" help:"Serve the site."`
	Demo       demoCmd       `cmd:"" help:"Make demo people over a synthetic release and serve the site on this machine."`
	Synth      synthCmd      `cmd:"" help:"Make a synthetic extract to try things on."`
	Release    releaseCmd    `cmd:"" help:"List, show, check and publish releases."`
	Codes      codesCmd      `cmd:"" help:"Load, list, look up and remove code lists: official titles, names of organisations, areas."`
	User       userCmd       `cmd:"" help:"Add and close accounts."`
	Agreement  agreementCmd  `cmd:"" help:"Data sharing agreements: their evidence, who is named on them, revoking them."`
	Audit      auditCmd      `cmd:"" help:"The access record: check it, search it, export it, sign checkpoints of it."`
	Dictionary dictionaryCmd `cmd:"" help:"Explain a field of the data set."`
	Optout     optoutCmd     `cmd:"" help:"Take people who opted out out of everything."`
	Setup      setupCmd      `cmd:"" help:"Make a site: its folder, options, systemd unit and the first two information governance leads."`
	Doctor     doctorCmd     `cmd:"" help:"Look at the site and say what is to be done: encryption, rights, clock, certificate, space, checkpoint, backup, registry."`
	Backup     backupCmd     `cmd:"" help:"Encrypted backups of the data folder: make and check them."`
	Restore    restoreCmd    `cmd:"" help:"Restore a backup into an empty folder, but for what was taken away since."`
	ReadFiles  readFilesCmd  `cmd:"" hidden:"" help:"Reads files for a load; not to be called by hand."`
	Completion completionCmd `cmd:"" help:"Print a script that completes commands and options in a shell."`
	Man        manCmd        `cmd:"" help:"Print the manual page."`
	Version    versionCmd    `cmd:"" help:"Print the program’s version, what it was built from, and its modules."`
}

// Main runs the program and returns its exit code.
func Main(ctx context.Context, args []string, env Env) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	env.Out = output{env.Out}
	c := commands{globals: globals{ctx: ctx, env: env, now: time.Now, safe: volume.Encrypted}}
	exit := -1
	parser, err := kong.New(&c, kong.Name("webenable"), kong.Description("Hospital Episode Statistics for authorised people."),
		kong.Writers(env.Out, env.Err), kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(env.Err, "webenable:", err)
		return fault.Internal.Exit()
	}
	args, err = configured(args)
	if err != nil {
		fmt.Fprintln(env.Err, "webenable:", fault.Say(err))
		return fault.Of(err).Exit()
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit // help was asked for
	}
	if err != nil {
		fmt.Fprintln(env.Err, "webenable:", err)
		return fault.Invalid.Exit()
	}
	err = k.Run(&c.globals)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(env.Err, "webenable: stopped")
		return 130
	case fault.Of(err) == fault.Internal:
		fmt.Fprintln(env.Err, "webenable:", err)
	default:
		fmt.Fprintln(env.Err, "webenable:", fault.Say(err))
		if e, ok := errors.AsType[*fault.Error](err); ok && e.Err != nil { // err itself may be joined to others
			fmt.Fprintln(env.Err, "  because:", cmp.Or(errors.Unwrap(e.Err), e.Err))
		}
	}
	return fault.Of(err).Exit()
}

// output says of a failed write what it is: what a command does comes before what
// it prints.
type output struct{ io.Writer }

func (o output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	return n, fault.Wrap(fault.Unavailable, err, "What was to be printed could not be written, though the command was carried out up to there: see “webenable release list” for what is served, check free space and the disk, or print elsewhere")
}
