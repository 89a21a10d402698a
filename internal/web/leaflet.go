package web

import (
	_ "embed"
	"net/http"
)

// leaflet is the leaflet as it was printed from its page; see ui/leaflet.mjs, which
// also writes down of which page.
//
//go:embed leaflet/leaflet.pdf
var leaflet []byte

func (s *Server) leafletFile(w http.ResponseWriter, r *http.Request) error {
	made(r)
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `attachment; filename="webenable-hes-leaflet.pdf"`)
	_, err := w.Write(leaflet)
	return ignoreGone(err)
}
