package metrics

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is what kind of numbers a family has.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// ContentType is that of a page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Label is a name of the program's and its value.
type Label struct{ Name, Value string }

// Page is what Prometheus reads: families of numbers, each with its help.
type Page struct {
	text bytes.Buffer
	name string // of the family
}

// Family begins a family. Its numbers follow.
func (p *Page) Family(name string, kind Kind, help string) {
	p.name = name
	fmt.Fprintf(&p.text, "# HELP %s %s\n# TYPE %s %s\n", name, strings.NewReplacer("\\", `\\`, "\n", `\n`).Replace(help), name, kind)
}

// Value writes a number of the family.
func (p *Page) Value(v float64, labels ...Label) { p.line("", number(v), labels) }

// Count writes a whole number of the family.
func (p *Page) Count(n uint64, labels ...Label) { p.line("", strconv.FormatUint(n, 10), labels) }

func (p *Page) histogram(bounds []float64, below []uint64, all uint64, sum float64, labels ...Label) {
	n := uint64(0)
	for i, b := range bounds {
		n += below[i]
		p.line("_bucket", strconv.FormatUint(n, 10), append(slices.Clone(labels), Label{"le", number(b)}))
	}
	p.line("_bucket", strconv.FormatUint(all, 10), append(slices.Clone(labels), Label{"le", "+Inf"}))
	p.line("_sum", number(sum), labels)
	p.line("_count", strconv.FormatUint(all, 10), labels)
}

func (p *Page) line(suffix, value string, labels []Label) {
	p.text.WriteString(p.name + suffix)
	before := "{"
	for _, l := range labels {
		p.text.WriteString(before)
		before = ","
		p.text.WriteString(l.Name + `="` + strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`).Replace(l.Value) + `"`)
	}
	if len(labels) > 0 {
		p.text.WriteByte('}')
	}
	p.text.WriteString(" " + value + "\n")
}

// Bytes is the page.
func (p *Page) Bytes() []byte { return p.text.Bytes() }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
