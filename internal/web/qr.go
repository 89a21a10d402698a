package web

import (
	"fmt"
	"strings"

	"rsc.io/qr"

	"webenablehes/internal/web/view"
)

// qrPath draws a text as a QR code: one path of an SVG, a run of dark squares at a
// time.
func qrPath(text string) (view.Picture, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return view.Picture{}, fmt.Errorf("draw QR code: %w", err)
	}
	const quiet = 4 // squares of white around it
	var path strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return view.Picture{Size: fmt.Sprint(c.Size + 2*quiet), Path: path.String()}, nil
}
