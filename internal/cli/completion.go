package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Shell: ${enum}."`
}

// Run prints a script that completes commands and options in a shell. Where none
// fits, files are offered.
func (c completionCmd) Run(g *globals, k *kong.Context) error {
	write := map[string]func([]verb) string{"bash": bashWords, "zsh": zshWords, "fish": fishWords}[c.Shell]
	_, err := fmt.Fprint(g.env.Out, write(verbs(k.Model)))
	return err
}

// places are the commands as a pattern of sh, for finding out which one a line is of.
func places(all []verb) string {
	var out []string
	for _, v := range all[1:] {
		out = append(out, v.at())
	}
	return strings.Join(out, "|")
}

func bashWords(all []verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of webenable for bash: source it, or keep it in /etc/bash_completion.d.
_webenable() {
  local at="" i words=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/${COMP_WORDS[i]}" in
    %s) at="$at/${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
`, places(all))
	for _, v := range all {
		var words []string
		for _, w := range v.words(all[0]) {
			words = append(words, w.text)
		}
		fmt.Fprintf(&b, "  \"%s\") words=\"%s\" ;;\n", v.at(), strings.Join(words, " "))
	}
	b.WriteString(`  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _webenable webenable
`)
	return b.String()
}

func zshWords(all []verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, `#compdef webenable
# Completion of webenable for zsh: keep it as _webenable in a folder of $fpath.
_webenable() {
  local at="" i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    case "$at/${words[i]}" in
    %s) at="$at/${words[i]}" ;;
    esac
  done
  case "$at" in
`, places(all))
	for _, v := range all {
		fmt.Fprintf(&b, "  \"%s\") offered=(", v.at())
		for _, w := range v.words(all[0]) {
			b.WriteString("\n    " + quoted(strings.ReplaceAll(w.text, ":", `\:`)+":"+w.help))
		}
		b.WriteString(") ;;\n")
	}
	b.WriteString(`  esac
  _describe webenable offered || _files
}
_webenable "$@"
`)
	return b.String()
}

func fishWords(all []verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of webenable for fish: keep it in ~/.config/fish/completions/webenable.fish.
function __webenable_at
  set -l at ""
  for word in (commandline -opc)[2..-1]
    switch "$at/$word"
      case %s
        set at "$at/$word"
    end
  end
  test "$at" = "$argv[1]"
end
`, "'"+strings.ReplaceAll(places(all), "|", "' '")+"'")
	for _, v := range all {
		for _, w := range v.words(all[0]) {
			form := "-f -a " + w.text
			if name, ok := strings.CutPrefix(w.text, "--"); ok {
				form = "-l " + name
			}
			fmt.Fprintf(&b, "complete -c webenable -n '__webenable_at \"%s\"' %s -d %s\n", v.at(), form, quoted(w.help))
		}
	}
	return b.String()
}

// quoted is a text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
