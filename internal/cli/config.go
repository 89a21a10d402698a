package cli

import (
	"os"
	"regexp"
	"strings"

	"webenablehes/internal/fault"
)

// configured puts the options of a file where the command line names it with
// --config: a line is an option without its dashes, as “listen = :443”; # begins a
// comment. They are options like others, so that one that is not known is refused,
// and what follows on the command line counts instead.
func configured(args []string) ([]string, error) {
	var out []string
	for i := 0; i < len(args); i++ {
		file, named := strings.CutPrefix(args[i], "--config=")
		switch {
		case args[i] == "--":
			return append(out, args[i:]...), nil
		case args[i] == "--config" && i+1 < len(args):
			i++
			file = args[i]
		case !named:
			out = append(out, args[i])
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, err, "The file of options named with --config cannot be read")
		}
		more, err := options(string(text))
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

var optionName = regexp.MustCompile(`^[a-z][a-z-]*$`)

func options(text string) ([]string, error) {
	var out []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !optionName.MatchString(name) || name == "config" || value == "" {
			return nil, fault.New(fault.Invalid, "Line %d of the file of options is none: write “listen = 127.0.0.1:8080”.", n)
		}
		out = append(out, "--"+name+"="+value)
	}
	return out, nil
}
