package web

import (
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"webenablehes/internal/fault"
)

//go:embed all:dist
var dist embed.FS

// Assets are the built style sheet, script, fonts and mark. Their names carry a
// hash of their content, so browsers keep them for good.
type Assets struct {
	names map[string]string // "app.css" → "app-1a2b.css"
	files map[string][]byte // "app-1a2b.css", also with ".br" and ".gz"
}

// LoadAssets reads the embedded assets. Without them it says how to build them.
func LoadAssets() (*Assets, error) {
	a := &Assets{files: map[string][]byte{}}
	manifest, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		return nil, fault.New(fault.Unavailable, "The front-end assets are not built into this program: run “make ui” and build it again.")
	}
	if err := json.Unmarshal(manifest, &a.names); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "The front-end assets are damaged.")
	}
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b, err := dist.ReadFile("dist/" + e.Name())
		if err != nil {
			return nil, err
		}
		a.files[e.Name()] = b
	}
	return a, nil
}

// URL returns the address of an asset.
func (a *Assets) URL(name string) string { return "/static/" + a.names[name] }

// ServeHTTP serves an asset, packed as the browser takes it.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	body, ok := a.files[name]
	kind := mime.TypeByExtension(path.Ext(name))
	if !ok || kind == "" || name == "manifest.json" || strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".br") {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", kind)
	h.Set("Vary", "Accept-Encoding")
	for _, c := range [...]struct{ coding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if packed, ok := a.files[name+c.suffix]; ok && strings.Contains(r.Header.Get("Accept-Encoding"), c.coding) {
			h.Set("Content-Encoding", c.coding)
			body = packed
			break
		}
	}
	_, _ = w.Write(body)
}
