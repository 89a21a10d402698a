package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// check is what a machine can look at before a person does: the file on the disk
// is the one that was written, and holds no column that the agreement does not
// cover.
func (s *Service) check(x registry.Export, acc policy.Access, over policy.Over, columns []Column) error {
	for _, c := range columns {
		if c.Field == "" {
			continue
		}
		if f, ok := s.o.Dictionary.Field(c.Field); !ok || !acc.Covers(f, over) {
			return fault.New(fault.Denied, "The column %s is not covered by agreement %s.", c.Name, x.Agreement)
		}
	}
	return s.whole(x)
}

// whole checks that a file on the disk is the one that was made.
func (s *Service) whole(x registry.Export) error {
	f, err := os.Open(s.path(x))
	if err != nil {
		return fault.Wrap(fault.Gone, err, "The file is not there any more. Ask for it again")
	}
	defer f.Close()
	return sameBytes(f, x)
}

func sameBytes(f *os.File, x registry.Export) error {
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil || n != x.Bytes || hex.EncodeToString(h.Sum(nil)) != x.SHA256 {
		return fault.Wrap(fault.Gone, errors.Join(err, errors.New("another size or hash")), "The file is not what it was when it was made, so it is not let out. Ask for it again")
	}
	return nil
}

// Fetch opens a file, or what is said of it, for who asked for it. It is an event
// before the first byte.
func (s *Service) Fetch(ctx context.Context, u registry.User, acc policy.Access, id int64, side bool, from From) (*os.File, registry.Export, error) {
	x, err := s.Own(ctx, u, id, from)
	if err != nil {
		return nil, x, err
	}
	if err := acc.MayExport(policy.Records); err != nil {
		return nil, x, err
	}
	ref, _ := acc.Agreement()
	switch {
	case x.State != registry.ExportApproved || !s.o.Now().Before(x.Until):
		return nil, x, fault.New(fault.NotFound, "There is no such file to be fetched. Files says how far it is.")
	case ref != x.Agreement:
		return nil, x, fault.New(fault.Denied, "This file was asked for under agreement %s. Switch to that purpose to fetch it.", x.Agreement)
	}
	path := s.path(x)
	if side {
		path = s.sidePath(x)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, x, fault.Wrap(fault.Gone, err, "The file is not there any more. Ask for it again")
	}
	if !side {
		if err = sameBytes(f, x); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
	}
	if err == nil {
		what := says(x)
		if side {
			what += ", what is said of it"
		}
		err = s.record(ctx, event{"export-fetched", u, acc.Role(), acc.Purpose(), what + "; SHA-256 " + x.SHA256, "shown"}, from)
	}
	if err == nil && !side {
		y := x
		y.Fetched++
		err = s.o.Store.ChangeExport(ctx, y, registry.ExportApproved)
	}
	if err != nil {
		return nil, x, errors.Join(err, f.Close())
	}
	return f, x, nil
}

// sweep takes away what has come to its end: what was not decided or fetched in
// time, what belongs to an access that has ended, and folders that are left of
// files that are gone.
func (s *Service) sweep(ctx context.Context) error {
	var failed error
	for _, state := range [...]registry.ExportState{registry.ExportWaiting, registry.ExportApproved} {
		list, err := s.o.Store.ExportsIn(ctx, state)
		if err != nil {
			return err
		}
		for _, x := range list {
			now, kind := s.o.Now(), ""
			switch {
			case state == registry.ExportApproved && !now.Before(x.Until), state == registry.ExportWaiting && !now.Before(x.Made.Add(DecideWithin)):
				kind, x.State, x.Why = "export-expired", registry.ExportExpired, "its time was over"
			default:
				if err := s.stands(ctx, x); fault.Of(err) == fault.Denied || fault.Of(err) == fault.NotFound {
					kind, x.State, x.Why = "export-withdrawn", registry.ExportWithdrawn, "the access under which it was asked for has ended"
				}
			}
			if kind != "" {
				failed = errors.Join(failed, s.step(ctx, kind, registry.User{}, x, state, x.Why, From{}))
			}
		}
	}
	return errors.Join(failed, s.tidy(ctx))
}

// End ends all files of some kind, such as those that hold rows of a release that is
// destroyed, and returns what the registry says of each, of those that had ended
// before too: they may have been fetched.
func (s *Service) End(ctx context.Context, by, why string, of func(registry.Export) bool) ([]registry.Export, error) {
	all, err := s.o.Store.Exports(ctx)
	if err != nil {
		return nil, err
	}
	var out []registry.Export
	for _, x := range all {
		if !of(x) {
			continue
		}
		if was := x.State; !Final(was) {
			x.State, x.Why = registry.ExportWithdrawn, why
			if err := s.step(ctx, "export-withdrawn", registry.User{Name: by}, x, was, why, From{}); err != nil {
				return out, err
			}
		} else if err := s.remove(x); err != nil {
			return out, err
		}
		out = append(out, x)
	}
	return out, nil
}

// tidy removes folders of files that are gone, or that nobody knows of.
func (s *Service) tidy(ctx context.Context) error {
	folders, err := os.ReadDir(s.o.Folder)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, d := range folders {
		id, err := strconv.ParseInt(d.Name(), 10, 64)
		if err == nil {
			x, known := s.o.Store.Export(ctx, id)
			if known == nil && !Final(x.State) {
				continue
			}
			if known != nil && fault.Of(known) != fault.NotFound {
				return known
			}
		}
		if err := os.RemoveAll(filepath.Join(s.o.Folder, d.Name())); err != nil {
			return err
		}
	}
	return nil
}
