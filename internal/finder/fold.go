package finder

import (
	"strings"
	"unicode"
)

// fold writes text as it is searched: small letters without accents, each word
// with a space before it, signs left out.
func fold(text string) string {
	var b strings.Builder
	open := false
	for _, r := range strings.ToLower(text) {
		switch {
		case r == '\'' || r == '’':
			continue // "Guy's" is one word
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if !open {
				b.WriteByte(' ')
			}
			open = true
			b.WriteString(plainLetter(r))
		default:
			open = false
		}
	}
	return b.String()
}

var americanSpelling = strings.NewReplacer("ae", "e", "oe", "e", "our", "or", "ised", "ized", "isation", "ization")

// american writes folded text as American papers spell it: hemangioma, edema,
// tumor, generalized.
func american(text string) string { return americanSpelling.Replace(text) }

// plainLetter takes the accent off a letter that is met in names of conditions.
func plainLetter(r rune) string {
	const accented, plain = "áàâäãåçéèêëíìîïñóòôöõúùûüýÿ", "aaaaaaceeeeiiiinooooouuuuyy"
	i := 0
	for _, a := range accented {
		if a == r {
			return plain[i : i+1]
		}
		i++
	}
	return string(r)
}

// plainCode writes what may be a code as it is searched: small letters, without
// points and spaces at its ends.
func plainCode(text string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ".", ""))
}
