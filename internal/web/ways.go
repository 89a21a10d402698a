package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
	"webenablehes/internal/web/view"
)

// waysOn are the ways to go on after an error, by what was asked for: what does
// not stand in the way of the list is kept.
func waysOn(r *http.Request, err error) []view.Link {
	if fault.Of(err) == fault.Conflict {
		here := "/records"
		if r.Method == http.MethodGet {
			here = r.URL.RequestURI()
		}
		return []view.Link{{Text: "Go on for the purpose that is chosen now", URL: here, Key: view.Whole}, {Text: "Choose another purpose", URL: "/purpose", Key: view.Whole}}
	}
	if r.Method != http.MethodGet {
		return nil
	}
	records := r.URL.Path == "/records" || strings.HasPrefix(r.URL.Path, "/records/") && r.URL.Path != "/records/columns"
	again := view.Link{Text: "Try again", URL: r.URL.RequestURI()}
	e, inFilter := errors.AsType[*query.FilterError](err)
	switch kind := fault.Of(err); {
	case kind == fault.Unavailable || kind == fault.Internal || kind == fault.Limited:
		return []view.Link{again}
	case kind == fault.Invalid && strings.HasPrefix(r.URL.Path, "/oversight/"):
		return []view.Link{{Text: "Start again without filters", URL: r.URL.Path}}
	case !records:
		return nil
	case kind == fault.Gone:
		return []view.Link{{Text: "Show the list from its beginning, with the same filters", URL: listWithout(r, "after", "before")}}
	case kind == fault.Invalid && inFilter:
		return []view.Link{{Text: "Leave this filter out", URL: listWithout(r, "after", "before", e.Key, e.Key+"_from", e.Key+"_to", "not."+e.Key, "was."+e.Key)}}
	case kind == fault.Invalid:
		return []view.Link{{Text: "Start again from all records", URL: "/records"}}
	case kind == fault.Denied && r.URL.Query().Has("cols"):
		return []view.Link{{Text: "Show the list with your own columns", URL: listWithout(r, "after", "before", "cols")}}
	}
	return nil
}

// listWithout is the address of the list that was asked for without some keys,
// in the order in which they came.
func listWithout(r *http.Request, keys ...string) string {
	var kept []string
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, _, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(key); err == nil && part != "" && !slices.Contains(keys, name) {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return "/records"
	}
	return "/records?" + strings.Join(kept, "&")
}
