package cli

import (
	"strings"

	"github.com/alecthomas/kong"
)

// verb is a command of the program as people write it, from the command tree itself:
// what is written of commands elsewhere is made from it.
type verb struct {
	path  []string // "release", "publish"; none for the program
	help  string
	below []*kong.Node
	flags []*kong.Flag // its own, without those of the program
	args  []*kong.Positional
}

// verbs are the program and its commands, in their order, each before those below it.
func verbs(app *kong.Application) []verb {
	var out []verb
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		v := verb{path: path, help: n.Help, args: n.Positional}
		for _, f := range n.Flags {
			if !f.Hidden {
				v.flags = append(v.flags, f)
			}
		}
		for _, c := range n.Children {
			if !c.Hidden {
				v.below = append(v.below, c)
			}
		}
		out = append(out, v)
		for _, c := range v.below {
			walk(c, append(path[:len(path):len(path)], c.Name))
		}
	}
	walk(app.Node, nil)
	return out
}

// word is one that may come next, and what it does.
type word struct{ text, help string }

// words are those that may come after a command: the commands below it, its own
// flags and those of the program.
func (v verb) words(program verb) []word {
	var out []word
	for _, c := range v.below {
		out = append(out, word{c.Name, c.Help})
	}
	flags := v.flags
	if len(v.path) > 0 {
		flags = append(flags[:len(flags):len(flags)], program.flags...)
	}
	for _, f := range flags {
		out = append(out, word{"--" + f.Name, f.Help})
		if f.Tag.Negatable != "" {
			out = append(out, word{"--no-" + f.Name, f.Help})
		}
	}
	return out
}

// at is how a script names the place of a command: "/release/publish", "" for the
// program.
func (v verb) at() string {
	if len(v.path) == 0 {
		return ""
	}
	return "/" + strings.Join(v.path, "/")
}
