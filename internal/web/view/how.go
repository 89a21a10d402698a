package view

// How says how numbers were worked out: by which rules, from which release.
type How struct {
	Of              string // which numbers: "the counts", "Episodes by month"
	Points          []Point
	Release, Loaded string
}

// Point is one thing said of numbers.
type Point struct{ Term, Text string }
