package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/backup"
	"webenablehes/internal/checkpoint"
	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/release"
	"webenablehes/internal/removal"
)

type restoreCmd struct {
	From     string `required:"" help:"The backup." type:"path"`
	Identity string `required:"" help:"Key file that opens it." type:"path"`

	Removals string `help:"Copy of the file “removals” of the site, as new as there is: what was revoked, closed, destroyed or opted out of since the backup stays so." type:"path" xor:"removals"`
	FromData string `help:"Old data folder, to read that file there." type:"path" xor:"removals"`
	Without  bool   `name:"without-removals" help:"Restore though there is no such file: whatever was taken away since the backup is back, until somebody takes it away again." xor:"removals"`
}

// restoringName is the folder below the data folder in which a restore works; while
// it is there, the data folder is no site.
const restoringName = "restoring"

// Run restores a backup into an empty folder. All is done and checked below it
// before anything takes its place.
func (c restoreCmd) Run(g *globals) (err error) {
	var taken []removal.Entry
	switch {
	case c.Without:
	case c.Removals != "":
		if _, err := os.Stat(c.Removals); err != nil {
			return fault.Wrap(fault.NotFound, err, "The file of removals cannot be opened")
		}
		taken, err = removal.At(c.Removals).Entries()
	case c.FromData != "":
		if _, err := os.Stat(c.FromData); err != nil {
			return fault.Wrap(fault.NotFound, err, "The old data folder cannot be opened")
		}
		taken, err = removal.In(c.FromData).Entries()
	default:
		return fault.New(fault.Invalid, "A backup brings back what was taken away since: agreements that were revoked, people who were removed or opted out, releases that were destroyed. Name the site's file of removals (--removals FILE, or --from-data FOLDER). If there is none, say --without-removals, and take all of that away again before anybody signs in.")
	}
	if err != nil {
		return err
	}
	if err := empty(g.Data); err != nil {
		return err
	}
	work := filepath.Join(g.Data, restoringName)
	if err := os.Mkdir(work, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The data folder cannot be written; check its rights and free space")
	}
	defer func() {
		if err != nil { // nothing is left of what was not whole
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	got, err := g.unpack(c.From, c.Identity, work)
	if err != nil {
		return err
	}
	if !c.Without && !removal.Extends(taken, got.removals) {
		return fault.New(fault.Conflict, "The file of removals is older than the backup, or of another site: name a newer copy of it, or --without-removals.")
	}
	inner := *g
	inner.Data, inner.SecretKey, inner.env.Out = work, "", io.Discard
	back, err := c.apply(&inner, got, taken)
	if err != nil {
		return err
	}
	if err := backup.Settle(work); err != nil {
		return err
	}
	if err := settle(work, g.Data); err != nil {
		return err
	}
	if err := got.print(g, "Restored"); err != nil {
		return err
	}
	_, err = fmt.Fprint(g.env.Out, back)
	return err
}

// empty makes the data folder, or checks that nothing is in it.
func empty(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The data folder cannot be made; check its rights")
	}
	in, err := os.ReadDir(data)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The data folder cannot be read; check its rights")
	}
	for _, e := range in {
		switch e.Name() {
		case "lost+found": // of a fresh volume
		case restoringName:
			return fault.New(fault.Conflict, "A restore into this folder did not come to its end. Empty the folder (%s is not used by anything), and restore again.", restoringName)
		default:
			return fault.New(fault.Conflict, "The data folder is not empty, and a restore replaces nothing: name an empty folder with --data.")
		}
	}
	return nil
}

// settle moves everything up into the data folder. Until the last step it is no
// site: the folder in which the restore worked is still there.
func settle(work, data string) error {
	in, err := os.ReadDir(work)
	for _, e := range in {
		if err == nil {
			err = os.Rename(filepath.Join(work, e.Name()), filepath.Join(data, e.Name()))
		}
	}
	err = errors.Join(err, durable.Sync(data))
	if err == nil {
		err = errors.Join(os.Remove(work), durable.Sync(data))
	}
	return fault.Wrap(fault.Unavailable, err, "The restored files could not be moved into place: check the disk, empty the folder and restore again")
}

// unpacked is what a backup was found to hold.
type unpacked struct {
	head     backup.Header
	files    int
	bytes    int64
	entries  int64 // of the access record
	rows     int   // of the release
	removals []removal.Entry
}

func (u unpacked) print(g *globals, what string) error {
	served := "no release"
	if u.head.Release != "" {
		served = fmt.Sprintf("release %s with %d episodes", u.head.Release, u.rows)
	}
	_, err := fmt.Fprintf(g.env.Out, "%s: made %s by version %s, %s, %d bytes; %s; %d entries of the access record, all as they were written.\n", what, u.head.Made.UTC().Format(time.DateTime), u.head.Program, plural(u.files, "file"), u.bytes, served, u.entries)
	return err
}

// unpack opens a backup into an empty folder and checks all of it: every hash, the
// registry, the access record and the release.
func (g *globals) unpack(from, identity, into string) (unpacked, error) {
	var u unpacked
	keys, err := backup.Identities(identity)
	if err != nil {
		return u, err
	}
	f, err := os.Open(from)
	if err != nil {
		return u, fault.Wrap(fault.NotFound, err, "The backup cannot be opened")
	}
	defer f.Close()
	head, items, err := backup.Read(g.ctx, f, keys, into, backupParts())
	if err != nil {
		return u, err
	}
	u.head, u.files = head, len(items)
	for _, i := range items {
		u.bytes += i.Size
	}
	if !slices.ContainsFunc(items, func(i backup.Item) bool { return i.Path == registryPart }) {
		return u, fault.New(fault.Invalid, "The backup holds no registry, so it is none of a site.")
	}
	if err := sqlstore.Whole(g.ctx, filepath.Join(into, registryPart)); err != nil {
		return u, err
	}
	inner := *g
	inner.Data, inner.SecretKey = into, ""
	if err := inner.checkRecord(&u); err != nil {
		return u, err
	}
	if u.removals, err = removal.In(into).Entries(); err != nil {
		return u, err
	}
	if head.Release != "" {
		r := release.Open(into)
		if id, err := r.Current(); err != nil || id != head.Release {
			return u, errors.Join(fault.New(fault.Invalid, "The backup does not hold the release that it says."), err)
		}
		if err := r.Verify(g.ctx, head.Release); err != nil {
			return u, err
		}
		m, err := r.Get(head.Release)
		if err != nil {
			return u, err
		}
		u.rows = episodes(m)
	}
	return u, nil
}

// checkRecord checks the access record of what was unpacked.
func (g *globals) checkRecord(u *unpacked) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	public, err := auditVerifyCmd{}.public(g)
	if err != nil {
		return err
	}
	checked, _, err := checkpoint.Check(g.ctx, reg, public)
	if err != nil {
		return err
	}
	p, _ := checked.Made(g.now())
	u.entries = p.Entries
	return nil
}

// apply takes away again what was taken away since the backup, and says so.
func (c restoreCmd) apply(g *globals, u unpacked, taken []removal.Entry) (string, error) {
	reg, err := g.openRegistry()
	if err != nil {
		return "", err
	}
	defer reg.Close()
	event := audit.Event{At: g.now(), Kind: "restore", Actor: systemUser(), Release: u.head.Release, Question: fmt.Sprintf("a backup of %s", u.head.Made.UTC().Format(time.DateTime)), Outcome: "begun"}
	if err := reg.Record(g.ctx, event); err != nil {
		return "", err
	}
	if err := reg.Forget(g.ctx); err != nil {
		return "", err
	}
	did := "what was taken away since is back: nobody named a file of removals"
	if !c.Without {
		if did, err = (takeAway{g, reg, removal.Sum(taken)}).all(taken, len(u.removals)); err != nil {
			return "", err
		}
	}
	event.At, event.Question, event.Outcome = g.now(), event.Question+"; "+did, "done"
	if err := reg.Record(g.ctx, event); err != nil {
		return "", err
	}
	say := "Everybody has to sign in again. " + strings.ToUpper(did[:1]) + did[1:] + ".\n"
	if c.Without {
		say = "Everybody has to sign in again.\nWARNING: whatever was taken away since the backup is in force again: agreements, people named on them, accounts, people who opted out, destroyed releases. Take it away again before anybody signs in.\n"
	}
	return say + "Passwords, second factors and what agreements say are as they were then: give new passwords and amend agreements that were changed since. A checkpoint of the access record that was kept elsewhere and is newer than the backup will say that the record is an older copy; note which entries are missing.\n", nil
}
