package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type manCmd struct{}

// Run prints the manual page.
func (manCmd) Run(g *globals, k *kong.Context) error {
	_, err := fmt.Fprint(g.env.Out, manual(k.Model))
	return err
}

// manual is the manual page, in the form of man(7).
func manual(app *kong.Application) string {
	all := verbs(app)
	var b strings.Builder
	fmt.Fprintf(&b, ".TH WEBENABLE 1 \"\" \"webenable %s\" \"Commands\"\n.SH NAME\nwebenable \\- %s\n", roff(Version), roff(strings.ToLower(app.Help[:1])+strings.TrimSuffix(app.Help[1:], ".")))
	b.WriteString(".SH SYNOPSIS\n.B webenable\n.I command\n[options]\n.SH OPTIONS OF EVERY COMMAND\n")
	manualOptions(&b, all[0])
	b.WriteString(".SH COMMANDS\n")
	for _, v := range all[1:] {
		line := "webenable " + strings.Join(v.path, " ")
		for _, a := range v.args {
			line += " " + a.Summary()
		}
		fmt.Fprintf(&b, ".SS \"%s\"\n%s\n", strings.ReplaceAll(roff(line), `"`, `\(dq`), roff(v.help))
		for _, a := range v.args {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(a.Summary()), roff(a.Help))
		}
		manualOptions(&b, v)
	}
	b.WriteString(`.SH EXIT STATUS
0 done, 2 wrong input, 66 not found, 69 not available, 70 our mistake, 75 try later, 77 not allowed, 130 stopped.
.SH SIGNALS
.B serve
ends on SIGTERM when what it answers is finished, lets another process take its place on SIGUSR2, and reads its certificate again on SIGHUP.
`)
	return b.String()
}

func manualOptions(b *strings.Builder, v verb) {
	for _, f := range v.flags {
		name := f.String()
		if f.Tag.Negatable != "" {
			name += ", --no-" + f.Name
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(name), roff(f.Help))
	}
}

// roff is a text that says itself: no sign of it is an instruction.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	var plain strings.Builder
	for _, r := range text {
		if r > '~' { // not every reader knows UTF-8
			fmt.Fprintf(&plain, `\[u%04X]`, r)
		} else {
			plain.WriteRune(r)
		}
	}
	text = plain.String()
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
