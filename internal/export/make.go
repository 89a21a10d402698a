package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/dump"
	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
)

// tendEvery is how often the site looks for what has come to its end.
const tendEvery = time.Minute

// Run makes what is asked for, one file after another, and takes away what has
// come to its end, until ctx does. What was half made when the program ended is
// made anew.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		s.Tend(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// Tend does what there is to do now.
func (s *Service) Tend(ctx context.Context) {
	if err := errors.Join(s.sweep(ctx), s.makeAll(ctx)); err != nil && ctx.Err() == nil {
		s.o.Log.Error("files that were asked for could not be tended", "error", err.Error())
	}
}

func (s *Service) makeAll(ctx context.Context) error {
	for {
		waiting, err := s.o.Store.ExportsIn(ctx, registry.ExportMaking)
		if err != nil || len(waiting) == 0 {
			return err
		}
		for _, x := range waiting {
			if err := s.make(ctx, x); err != nil {
				return err
			}
		}
	}
}

// make makes a file. What keeps it from being made is said of the export; an
// error is returned only if that could not be kept.
func (s *Service) make(ctx context.Context, x registry.Export) error {
	done, err := s.write(ctx, x)
	if ctx.Err() != nil {
		return ctx.Err() // it is made anew when the program runs again
	}
	if err == nil {
		done.State, done.Made = registry.ExportWaiting, s.o.Now()
		err = s.step(ctx, "export-made", registry.User{}, done, registry.ExportMaking, "SHA-256 "+done.SHA256, From{})
		if err == nil {
			return nil
		}
	}
	if now, gone := s.o.Store.Export(ctx, x.ID); gone == nil && now.State != registry.ExportMaking {
		return s.remove(x) // it was withdrawn meanwhile
	}
	x.State, x.Why = registry.ExportFailed, reasonOf(err)
	if fault.Of(err) == fault.Internal {
		s.o.Log.Error("a file could not be made", "export", x.ID, "error", err.Error())
	}
	return s.step(ctx, "export-failed", registry.User{}, x, registry.ExportMaking, "", From{})
}

// reasonOf says for the person who asked why a file could not be made.
func reasonOf(err error) string {
	if said, ok := errors.AsType[*fault.Error](err); ok && fault.Of(err) != fault.Internal {
		return said.Error()
	}
	return "Something went wrong here. Ask for the file again; if it happens again, tell whoever runs the site the number of the file."
}

// may returns the access of who asked for a file, as long as the file is wanted.
func (s *Service) may(ctx context.Context, x registry.Export) (policy.Access, error) {
	now, err := s.o.Store.Export(ctx, x.ID)
	if err != nil {
		return policy.Access{}, err
	}
	if now.State != registry.ExportMaking {
		return policy.Access{}, fault.New(fault.Conflict, "The file was withdrawn.")
	}
	return s.o.Auth.AccessOf(ctx, x.UserID, x.Agreement)
}

// write writes the file and what is said of it, and checks them.
func (s *Service) write(ctx context.Context, x registry.Export) (registry.Export, error) {
	acc, err := s.may(ctx, x)
	if err != nil {
		return x, err
	}
	table, err := s.o.Table(ctx, x, acc)
	if err != nil {
		return x, err
	}
	u, err := s.o.Store.User(ctx, x.UserID)
	if err != nil {
		return x, err
	}
	if err := errors.Join(s.remove(x), os.MkdirAll(s.folder(x), 0o700)); err != nil {
		return x, fault.Wrap(fault.Unavailable, err, "There is no room for the file. Tell whoever runs the site")
	}
	var sink *dump.Sink
	var columns []Column
	var over policy.Over
	defer func() {
		if sink != nil {
			_ = sink.Abort() // the folder goes with the state
		}
	}()
	x.Lines, err = s.o.Warehouse.Extract(ctx, warehouse.Extract{Name: says(x), Query: table.Query,
		May: func(ctx context.Context) (policy.Access, error) { return s.may(ctx, x) }}, func(part warehouse.Lines) error {
		if sink == nil {
			columns, x.Release, over = table.Columns(part), part.Release.ID, part.Release.Over()
			var err error
			if sink, err = s.begin(x, u, acc, columns); err != nil {
				return err
			}
		}
		for _, line := range table.Lines(part) {
			if err := sink.Line(line); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return x, err
	}
	if x.SHA256, err = sink.Finish(); err != nil {
		return x, err
	}
	if err = sink.Commit(); err != nil {
		return x, err
	}
	sink = nil
	for _, c := range columns {
		x.Columns = append(x.Columns, c.Name)
	}
	info, err := os.Stat(s.path(x))
	if err != nil {
		return x, fault.Wrap(fault.Unavailable, err, "The file is not there any more")
	}
	x.Bytes = info.Size()
	about := append(s.about(x, u, acc, columns), [2]string{"Lines", strconv.Itoa(x.Lines)}, [2]string{"SHA-256 of the file", x.SHA256})
	if err := durable.Write(s.sidePath(x), []byte(sideText(about))); err != nil {
		return x, fault.Wrap(fault.Unavailable, err, "There is no room for the file. Tell whoever runs the site")
	}
	return x, s.check(x, acc, over, columns)
}

func (s *Service) begin(x registry.Export, u registry.User, acc policy.Access, columns []Column) (*dump.Sink, error) {
	out := make([]dump.Column, len(columns))
	for i, c := range columns {
		out[i] = dump.Column{Name: c.Name, Type: c.Type}
	}
	to, err := dump.Create(s.path(x), true)
	if err != nil {
		return nil, err
	}
	sink, err := dump.NewSink(to, written(x.Format), out, s.about(x, u, acc, columns)...)
	if err != nil {
		return nil, errors.Join(err, to.Abort())
	}
	return sink, nil
}

// about is what is said of a file, in the file where it has room and beside it.
func (s *Service) about(x registry.Export, u registry.User, acc policy.Access, columns []Column) [][2]string {
	var fields []string
	for _, c := range columns {
		if c.Field != "" {
			fields = append(fields, c.Name+" = "+c.Field)
		}
	}
	return [][2]string{
		{"File", Name(x)},
		{"What", x.Words},
		{"A line is", "one of the " + x.Unit},
		{"Release", x.Release},
		{"Agreement", acc.Purpose()},
		{"Asked for by", u.Display + " (" + u.Name + ")"},
		{"For", x.Reason},
		{"Asked", x.Asked.UTC().Format(time.RFC3339)},
		{"Columns and fields of the HES data dictionary", strings.Join(fields, "; ")},
		{"Terms", "Use only for this purpose under this agreement. Do not pass it on, do not try to identify anyone, and destroy it when the agreement ends."},
	}
}

func sideText(about [][2]string) string {
	var b strings.Builder
	for _, a := range about {
		b.WriteString(a[0] + ": " + strings.Join(strings.Fields(a[1]), " ") + "\n")
	}
	return b.String()
}

// Name is the name of a file when it is fetched.
func Name(x registry.Export) string {
	return "hes-export-" + strconv.FormatInt(x.ID, 10) + "." + x.Format
}

// SideName is the name of what is said of it.
func SideName(x registry.Export) string {
	return "hes-export-" + strconv.FormatInt(x.ID, 10) + "-about.txt"
}

func (s *Service) path(x registry.Export) string     { return filepath.Join(s.folder(x), Name(x)) }
func (s *Service) sidePath(x registry.Export) string { return filepath.Join(s.folder(x), SideName(x)) }
