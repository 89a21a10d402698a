package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"webenablehes/internal/audit"
	"webenablehes/internal/backup"
	"webenablehes/internal/dump"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/release"
	"webenablehes/internal/removal"
	"webenablehes/internal/staging"
)

type backupCmd struct {
	Make   backupMakeCmd   `cmd:"" default:"withargs" help:"Write an encrypted backup of the data folder to one file."`
	Check  backupCheckCmd  `cmd:"" help:"Open and check a backup as restoring it would, and keep nothing of it."`
	Keygen backupKeygenCmd `cmd:"" help:"Make a key that opens backups, on a machine that is not the server."`
}

// Parts of a data folder that a backup holds.
const (
	registryPart   = "registry.db"
	secretPart     = "registry.key"
	checkpointPart = "checkpoint.key"
	optOutPart     = "optouts"
	configName     = "webenable.conf" // options of the site, as “webenable setup” writes them
	sitePart       = "site.json"      // who runs the site
)

// backupParts are the first elements of the paths in a backup.
func backupParts() []string {
	return []string{registryPart, secretPart, checkpointPart, optOutPart, removal.Name, configName, sitePart, "codelists", "certificates", "releases", "staging"}
}

type backupMakeCmd struct {
	signing
	To           string   `required:"" help:"File to write, best on another machine's disk." type:"path"`
	Recipient    []string `required:"" help:"For whom it is encrypted: age1…, as “webenable backup keygen” prints it. May be repeated; any of their keys opens it."`
	RegistryOnly bool     `help:"Leave the releases and staged rows out: they can be loaded again from the files."`
	Force        bool     `help:"Replace a file of that name."`
}

// Run makes the backup. Loads wait while it does, the site does not.
func (c backupMakeCmd) Run(g *globals) (err error) {
	recipients, err := backup.Recipients(c.Recipient)
	if err != nil {
		return err
	}
	if within(g.Data, c.To) {
		return fault.New(fault.Invalid, "A backup in the data folder would be lost with it: name a file elsewhere.")
	}
	if _, err := os.Stat(filepath.Join(g.Data, registryPart)); err != nil {
		return fault.Wrap(fault.NotFound, err, "There is no site in the data folder: name its folder with --data")
	}
	r := release.Open(g.Data)
	unlock, err := r.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	head := backup.Header{Made: g.now().UTC(), Program: Version}
	if !c.RegistryOnly {
		if head.Release, err = r.Current(); err != nil && fault.Of(err) != fault.NotFound {
			return err
		}
	}
	if err := g.backupEvent(reg, head.Release, fmt.Sprintf("to %s", plural(len(recipients), "recipient")), "begun"); err != nil {
		return err
	}
	aside, done, err := aside(g.Data, "backup")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	copied := filepath.Join(aside, registryPart)
	if err := reg.Copy(g.ctx, copied); err != nil {
		return err
	}
	files := []backup.Source{{Path: registryPart, File: copied}}
	rest, err := c.files(g, head.Release)
	if err != nil {
		return err
	}
	target, err := dump.Create(c.To, c.Force)
	if err != nil {
		return err
	}
	sum := &summing{Writer: target, hash: sha256.New()}
	items, err := backup.Write(g.ctx, sum, recipients, head, append(files, rest...))
	if err == nil {
		err = target.Sync()
	}
	if err != nil {
		return errors.Join(err, target.Abort())
	}
	if err := target.Commit(); err != nil {
		return err
	}
	digest := hex.EncodeToString(sum.hash.Sum(nil))
	if err := g.backupEvent(reg, head.Release, fmt.Sprintf("%s, SHA-256 %s", plural(len(items), "file"), digest), "done"); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The backup was made, but the access record says only that it was begun. Make a note of it")
	}
	_, err = fmt.Fprintf(g.env.Out, "Backed up %s, %d bytes. SHA-256 %s\nKeep a copy of %s apart from this machine as well: a restore wants it as it is then.\n", plural(len(items), "file"), sum.size, digest, filepath.Join(g.Data, removal.Name))
	return err
}

func (g *globals) backupEvent(reg registry.Store, id, what, outcome string) error {
	return audit.Unwritten(reg.Record(g.ctx, audit.Event{At: g.now(), Kind: "backup", Actor: systemUser(), Release: id, Question: what, Outcome: outcome}), "no backup was made")
}

// files lists what goes into a backup beside the registry.
func (c backupMakeCmd) files(g *globals, id string) ([]backup.Source, error) {
	var out []backup.Source
	secret := g.SecretKey
	if secret == "" {
		secret = filepath.Join(g.Data, secretPart)
	}
	for name, file := range map[string]string{secretPart: secret, checkpointPart: c.path(g)} {
		if _, err := os.Stat(file); err == nil {
			out = append(out, backup.Source{Path: name, File: file})
		}
	}
	names := []string{optOutPart, removal.Name, configName, sitePart, "codelists", "certificates"}
	if !c.RegistryOnly {
		names = append(names, filepath.Join("staging", "current"))
		keep, err := batchesOf(g.Data, id)
		if err != nil {
			return nil, err
		}
		for _, b := range keep {
			names = append(names, filepath.Join("staging", b))
		}
		if id != "" {
			names = append(names, filepath.Join("releases", "current"), filepath.Join("releases", id))
		}
	}
	for _, name := range names {
		some, err := backup.Below(g.Data, name, func(base string) bool { return !strings.HasSuffix(base, ".lock") && !strings.HasSuffix(base, ".new") })
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	slices.SortFunc(out, func(a, b backup.Source) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// batchesOf returns the staged rows that are in force, and those that a release was
// derived from.
func batchesOf(data, id string) ([]string, error) {
	area := staging.At(data)
	parts, err := area.Current()
	if err != nil {
		return nil, err
	}
	var of []release.Manifest
	if id != "" {
		m, err := release.Open(data).Get(id)
		if err != nil {
			return nil, err
		}
		of = append(of, m)
	}
	all, err := area.Batches()
	if err != nil {
		return nil, err
	}
	keep := needed(of, parts)
	return slices.DeleteFunc(all, func(b string) bool { return !keep(b) }), nil
}

// within tells whether a file would lie below a folder.
func within(folder, file string) bool {
	a, err := filepath.Abs(folder)
	b, err2 := filepath.Abs(file)
	if err != nil || err2 != nil {
		return true
	}
	way, err := filepath.Rel(a, b)
	return err == nil && way != ".." && !strings.HasPrefix(way, ".."+string(filepath.Separator))
}

// aside makes a folder of a data folder for what is not to stay. What a dead program
// leaves there goes with the next load. The caller holds the load's lock.
func aside(data, name string) (dir string, done func() error, err error) {
	dir = filepath.Join(data, "building", name)
	if err = os.RemoveAll(dir); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", nil, fault.Wrap(fault.Unavailable, err, "The data folder cannot be written; check its rights and free space")
	}
	return dir, func() error {
		return fault.Wrap(fault.Unavailable, os.RemoveAll(dir), "What was put into the data folder for a moment could not be removed: check the disk, and remove building/%s", name)
	}, nil
}

// summing hashes and counts what is written.
type summing struct {
	io.Writer
	hash hash.Hash
	size int64
}

func (s *summing) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.hash.Write(p[:n])
	s.size += int64(n)
	return n, err
}

type backupKeygenCmd struct {
	Out string `required:"" help:"File for the key. Keep it away from the server and its backups." type:"path"`
}

// Run makes a key.
func (c backupKeygenCmd) Run(g *globals) error {
	text, recipient, err := backup.NewKey()
	if err != nil {
		return err
	}
	target, err := dump.Create(c.Out, false)
	if err != nil {
		return err
	}
	if _, err = io.WriteString(target, text); err == nil {
		err = target.Sync()
	}
	if err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, err, "The key file could not be written"), target.Abort())
	}
	if err := target.Commit(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.env.Out, "The key is in %s: whoever has it opens the backups, and without it nobody does. Keep two copies away from the server.\nMake backups with --recipient %s\n", c.Out, recipient)
	return err
}

type backupCheckCmd struct {
	From     string `required:"" help:"The backup." type:"path"`
	Identity string `required:"" help:"Key file that opens it." type:"path"`
}

// Run checks a backup.
func (c backupCheckCmd) Run(g *globals) (err error) {
	if err := os.MkdirAll(g.Data, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The data folder cannot be made; check its rights")
	}
	unlock, err := release.Open(g.Data).Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	dir, done, err := aside(g.Data, "backup-check")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	got, err := g.unpack(c.From, c.Identity, dir)
	if err != nil {
		return err
	}
	return got.print(g, "The backup is whole")
}
