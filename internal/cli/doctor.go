package cli

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/release"
	"webenablehes/internal/staging"
)

type doctorCmd struct {
	Cert string `help:"TLS certificate file that the site is served with." type:"path"`
	Bare bool   `name:"volume-not-encrypted" help:"As for serve: what keeps the disk is elsewhere."`
}

// When a finding is one.
const (
	certSoon      = 21 * 24 * time.Hour
	checkpointOld = 48 * time.Hour
	backupOld     = 36 * time.Hour
	roomTimes     = 2 // a load needs about as much as the last one left, and a release to make from it
)

// observed is what the doctor looks at.
type observed struct {
	now        time.Time
	real       bool // the release that is served is not synthetic
	encrypted  bool
	unknown    error    // why it is not known whether it is
	bare       bool     // and need not be
	open       []string // names below the data folder that others may read
	last       time.Time
	cert       time.Time // until when; zero: none was named
	certWrong  error
	free, load int64 // bytes free, and of what the last load left
	checkpoint time.Time
	backup     time.Time
	registry   error
	ended      []string // agreements that have ended, with their releases
}

// finding is one thing that was looked at.
type finding struct {
	wrong    bool
	say, act string
}

// diagnose says of each fact how it stands, and what to do.
func diagnose(o observed) []finding {
	var out []finding
	say := func(wrong bool, say, act string) {
		if !wrong {
			act = ""
		}
		out = append(out, finding{wrong, say, act})
	}
	switch {
	case o.encrypted:
		say(false, "The volume of the data folder is encrypted.", "")
	case !o.real || o.bare:
		say(false, "The volume of the data folder is not known to be encrypted, and need not be.", "")
	default:
		say(true, "The volume of the data folder is not known to be encrypted, and the data are real.", "Move the folder to an encrypted volume, or say --volume-not-encrypted where the disk or the machine around this one encrypts.")
	}
	if n := len(o.open); n > 0 {
		say(true, fmt.Sprintf("Others on this machine may use %s in the data folder, such as %s.", plural(n, "name"), o.open[0]), "Take their rights away: chmod -R go-rwx on the data folder.")
	} else {
		say(false, "Only the owner may use the data folder.", "")
	}
	ahead := o.last.After(o.now.Add(audit.SameTime))
	say(ahead, map[bool]string{true: "The access record holds an event that is still to come: " + o.last.UTC().Format(time.DateTime) + " UTC.", false: "The clock does not lie before the access record."}[ahead],
		"Set the clock right; if it was wrong then and is right now, serve once with --clock-put-right.")
	switch left := o.cert.Sub(o.now); {
	case o.certWrong != nil:
		say(true, "The TLS certificate cannot be read.", "Name its file with --cert, as for serve, and look at its rights.")
	case o.cert.IsZero():
		say(false, "No TLS certificate was named (--cert), so none was looked at.", "")
	case left <= 0:
		say(true, "The TLS certificate ended on "+o.cert.UTC().Format("2 January 2006")+".", "Put a new one in its place; the site reads it again by itself.")
	default:
		say(left < certSoon, "The TLS certificate ends on "+o.cert.UTC().Format("2 January 2006")+".", "Get a new one now and put it in its place; the site reads it again by itself.")
	}
	say(o.free < roomTimes*o.load, fmt.Sprintf("%d MB are free; what the last load left takes %d MB.", o.free>>20, o.load>>20), "Make room before the next load: it needs about twice as much as the last one left.")
	aged := func(what, act string, at time.Time, most time.Duration) {
		switch {
		case at.IsZero():
			say(true, "There is no "+what+".", act)
		default:
			say(o.now.Sub(at) > most, fmt.Sprintf("The last %s is of %s UTC.", what, at.UTC().Format(minute)), act)
		}
	}
	aged("checkpoint of the access record", "The site signs one a day while it runs: see that it runs, or run “webenable audit checkpoint”.", o.checkpoint, checkpointOld)
	aged("backup", "See why the nightly “webenable backup” did not run, and run it.", o.backup, backupOld)
	say(o.registry != nil, map[bool]string{true: "The registry is damaged or cannot be read.", false: "The registry is whole."}[o.registry != nil], "Stop the site, copy registry.db* to another place, and restore the last backup.")
	for _, e := range o.ended {
		say(true, e, "Destroy it (“webenable release destroy”), or load it again under the agreement that follows.")
	}
	return out
}

// Run looks at the site and says what is to be done.
func (c doctorCmd) Run(g *globals) error {
	o, err := c.look(g)
	if err != nil {
		return err
	}
	wrong := 0
	for _, f := range diagnose(o) {
		line := "well   " + f.say
		if f.wrong {
			wrong++
			line = "WRONG  " + f.say + "\n       " + f.act
		}
		if _, err := fmt.Fprintln(g.env.Out, line); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return fault.New(fault.Unavailable, "%s to do, see above.", plural(wrong, "thing"))
	}
	return nil
}

// look finds the facts out.
func (c doctorCmd) look(g *globals) (observed, error) {
	o := observed{now: g.now(), bare: c.Bare}
	file := filepath.Join(g.Data, registryPart)
	if _, err := os.Stat(file); err != nil {
		return o, fault.Wrap(fault.NotFound, err, "There is no site in the data folder: name its folder with --data, or make one with “webenable setup”")
	}
	o.encrypted, o.unknown = g.safe(g.Data)
	o.encrypted = o.encrypted && o.unknown == nil
	var err error
	if o.open, err = others(g.Data); err != nil {
		return o, err
	}
	if c.Cert != "" {
		o.cert, o.certWrong = ends(c.Cert)
	}
	var room unix.Statfs_t
	if err := unix.Statfs(g.Data, &room); err != nil {
		return o, fault.Wrap(fault.Unavailable, err, "It cannot be found out how much room there is")
	}
	o.free = int64(room.Bavail) * int64(room.Bsize)
	if o.registry = sqlstore.Whole(g.ctx, file); o.registry == nil {
		if err := c.recorded(g, &o); err != nil {
			return o, err
		}
	}
	return o, c.loads(g, &o)
}

// recorded finds out what the registry tells.
func (c doctorCmd) recorded(g *globals, o *observed) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	if err := reg.Search(g.ctx, audit.Filter{}, func(e audit.Entry) bool { o.last = e.Event.At; return false }); err != nil {
		return err
	}
	if err := reg.Search(g.ctx, audit.Filter{Kind: "backup", Outcome: "done"}, func(e audit.Entry) bool { o.backup = e.Event.At; return false }); err != nil {
		return err
	}
	signed, err := reg.Checkpoints(g.ctx)
	if err != nil {
		return err
	}
	if len(signed) > 0 {
		o.checkpoint = signed[len(signed)-1].At
	}
	list, err := release.Open(g.Data).List()
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Agreement == "" {
			continue
		}
		a, err := reg.Agreement(g.ctx, m.Agreement)
		if fault.Of(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		if !a.Revoked.IsZero() || !o.now.Before(a.Until) {
			o.ended = append(o.ended, fmt.Sprintf("Agreement %s has ended, and release %s that was loaded under it is still here.", a.Ref, m.ID))
		}
	}
	return nil
}

// loads finds out what the last load left.
func (c doctorCmd) loads(g *globals, o *observed) error {
	r := release.Open(g.Data)
	id, err := r.Current()
	if fault.Of(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	m, err := r.Get(id)
	if err != nil {
		return err
	}
	o.real = !m.Synthetic
	folders := []string{filepath.Dir(r.Dir(id))}
	for _, p := range m.Parts {
		folders = append(folders, staging.At(g.Data).Dir(p.Batch))
	}
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				o.load += info.Size()
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(fault.Unavailable, err, "The data folder cannot be read; check its rights and the disk")
		}
	}
	return nil
}

// others lists what others than the owner may use below a data folder.
func others(data string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it went meanwhile
			}
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 && info.Mode()&fs.ModeSymlink == 0 {
			name, _ := strings.CutPrefix(path, data)
			out = append(out, strings.TrimPrefix(name+"/", "/"))
		}
		if d.IsDir() && path != data && info != nil && info.Mode().Perm()&0o077 == 0 {
			return fs.SkipDir // nobody else gets into it
		}
		return nil
	})
	for i, name := range out {
		out[i] = strings.TrimSuffix(name, "/")
		if out[i] == "" {
			out[i] = "the folder itself"
		}
	}
	slices.Sort(out)
	return out, fault.Wrap(fault.Unavailable, err, "The data folder cannot be read; check its rights and the disk")
}

// ends reads until when a certificate is good.
func ends(file string) (time.Time, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return time.Time{}, errors.New("no certificate in the file")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, err
	}
	return c.NotAfter, nil
}
