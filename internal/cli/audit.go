package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"webenablehes/internal/checkpoint"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry/sqlstore"
)

type auditCmd struct {
	Verify     auditVerifyCmd     `cmd:"" help:"Check that no entry of the access record was changed, removed or added."`
	Checkpoint auditCheckpointCmd `cmd:"" help:"Check the access record and sign what it holds; keep what is printed elsewhere."`
	Search     auditSearchCmd     `cmd:"" help:"List entries of the access record."`
	Export     auditExportCmd     `cmd:"" help:"Write entries of the access record to a file, with a checkpoint beside it."`
}

// signing says where the key is that signs checkpoints.
type signing struct {
	CheckpointKey string `help:"File of the key that signs checkpoints, best outside the data folder; made if it is not there. Without it the key lies in the data folder." type:"path"`
}

func (c signing) path(g *globals) string {
	if c.CheckpointKey != "" {
		return c.CheckpointKey
	}
	return filepath.Join(g.Data, "checkpoint.key")
}

// inside tells whether the key lies in the data folder.
func (c signing) inside(g *globals) bool {
	data, err := filepath.Abs(g.Data)
	key, err2 := filepath.Abs(c.path(g))
	if err != nil || err2 != nil {
		return true
	}
	way, err := filepath.Rel(data, key)
	return err == nil && !strings.HasPrefix(way, "..")
}

// insideSays is said wherever a key inside the data folder is used.
const insideSays = "The signing key lies in the data folder: whoever can change the record there can also sign for it. Keep the key elsewhere with --checkpoint-key."

func (c signing) key(g *globals) (*checkpoint.Key, error) {
	return checkpoint.OpenKey(c.path(g), rand.Reader)
}

type auditVerifyCmd struct {
	signing
	Head       string   `help:"Hash that an earlier check printed; it must still be in the record."`
	Checkpoint []string `help:"File with checkpoints that were kept elsewhere; the record must extend them all." type:"path"`
	Public     []string `help:"Public key to check them with, as “audit checkpoint” prints it; without it that of the key's file."`
}

// Run checks the access record.
func (c auditVerifyCmd) Run(g *globals) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	public, err := c.public(g)
	if err != nil {
		return err
	}
	var more []checkpoint.Checkpoint
	for _, name := range c.Checkpoint {
		b, err := os.ReadFile(name)
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "The file of checkpoints cannot be read")
		}
		texts := checkpoint.Split(b)
		if len(texts) == 0 {
			return fault.New(fault.Invalid, "The file named with --checkpoint holds no checkpoint of an access record.")
		}
		for _, text := range texts {
			p, err := public.Open(text)
			if err != nil {
				return err
			}
			more = append(more, p)
		}
	}
	checked, unknown, err := checkpoint.Check(g.ctx, reg, public, more...)
	if err != nil {
		return err
	}
	if c.Head != "" {
		found := false
		if err := reg.Entries(g.ctx, 1, entryHas(c.Head, &found)); err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Conflict, "The access record does not hold the hash named with --head: its end was cut off, or it is another record.")
		}
	}
	p, _ := checked.Made(g.now())
	out := fmt.Sprintf("%d entries, all as they were written. Head: %s\n", p.Entries, p.Head)
	if n := checked.Agreed(); n > 0 {
		out += fmt.Sprintf("The record extends %s.\n", plural(n, "checkpoint"))
	}
	if unknown > 0 {
		out += fmt.Sprintf("%s kept with the record could not be checked: signed with another key, or spoilt.\n", plural(unknown, "checkpoint"))
	}
	if len(more) == 0 {
		out += "No checkpoint that was kept elsewhere was named (--checkpoint), so a record that was put in this one's place as a whole would not show.\n"
	}
	_, err = fmt.Fprint(g.env.Out, out)
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// public returns the keys to check checkpoints with. Nothing is made.
func (c auditVerifyCmd) public(g *globals) (checkpoint.Public, error) {
	if len(c.Public) > 0 {
		return checkpoint.NewPublic(c.Public)
	}
	if _, err := os.Stat(c.path(g)); errors.Is(err, fs.ErrNotExist) {
		if len(c.Checkpoint) > 0 {
			return checkpoint.Public{}, fault.New(fault.Invalid, "There is no key to check the checkpoints with: name its file with --checkpoint-key, or the public key with --public.")
		}
		return checkpoint.Public{}, nil
	}
	key, err := c.key(g)
	if err != nil {
		return checkpoint.Public{}, err
	}
	return key.Public, nil
}

type auditCheckpointCmd struct {
	signing
	Out string `help:"File to add the checkpoint to; without it, it is printed." type:"path"`
}

// Run signs what the record holds.
func (c auditCheckpointCmd) Run(g *globals) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	key, text, err := c.sign(g, reg)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := addTo(c.Out, text); err != nil {
			return err
		}
	} else if _, err := g.env.Out.Write(text); err != nil {
		return err
	}
	if c.inside(g) {
		fmt.Fprintln(g.env.Err, insideSays)
	}
	_, err = fmt.Fprintf(g.env.Err, "Public key: %s\nKeep the checkpoint and the public key elsewhere.\n", key.Text)
	return err
}

// sign checks the whole record and signs it.
func (c signing) sign(g *globals, reg *sqlstore.Store) (*checkpoint.Key, []byte, error) {
	key, err := c.key(g)
	if err != nil {
		return nil, nil, err
	}
	checked, _, err := checkpoint.Check(g.ctx, reg, key.Public)
	if err != nil {
		return nil, nil, err
	}
	made, err := checkpoint.Keep(g.ctx, reg, key, checked, g.now())
	return key, made.Note, err
}

// addTo adds a text to the end of a file, durably.
func addTo(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(append(text, '\n'))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	return fault.Wrap(fault.Unavailable, err, "The checkpoint was made, but could not be written to the file named with --out")
}
