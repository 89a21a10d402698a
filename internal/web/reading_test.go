package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"webenablehes/internal/policy"
)

// This file reads pages as a browser without JavaScript does: what they say,
// where their links lead, what their forms send.

// node is an element of a page.
type node struct{ *html.Node }

func parse(t testing.TB, body string) node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return node{doc}
}

func (n node) ok() bool { return n.Node != nil }

func (n node) attr(name string) string {
	v, _ := n.has(name)
	return v
}

func (n node) has(name string) (string, bool) {
	if n.Node == nil {
		return "", false
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func (n node) class(name string) bool { return slices.Contains(strings.Fields(n.attr("class")), name) }

// all returns the elements below that meet a test, in the order of the page.
func (n node) all(test func(node) bool) []node {
	var out []node
	if n.Node == nil {
		return nil
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && test(node{d}) {
			out = append(out, node{d})
		}
	}
	return out
}

func (n node) first(test func(node) bool) node {
	if found := n.all(test); len(found) > 0 {
		return found[0]
	}
	return node{}
}

func byTag(tag string) func(node) bool { return func(n node) bool { return n.Data == tag } }

func byID(id string) func(node) bool { return func(n node) bool { return n.attr("id") == id } }

func byClass(class string) func(node) bool { return func(n node) bool { return n.class(class) } }

func byAttr(name, value string) func(node) bool {
	return func(n node) bool { v, ok := n.has(name); return ok && (value == "" || v == value) }
}

// up returns the closest element above that meets a test.
func (n node) up(test func(node) bool) node {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && test(node{p}) {
			return node{p}
		}
	}
	return node{}
}

// text is what an element says, with single spaces.
func (n node) text() string {
	if n.Node == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// number reads a count: "12,374".
func number(text string) (int, bool) {
	n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
	return n, err == nil
}

// form returns what a form would send.
func (n node) form() url.Values {
	out := url.Values{}
	for _, in := range n.all(func(n node) bool { return n.Data == "input" || n.Data == "select" || n.Data == "textarea" }) {
		name, _ := in.has("name")
		if name == "" || in.up(byTag("template")).ok() {
			continue
		}
		if _, off := in.has("disabled"); off {
			continue
		}
		switch in.Data {
		case "select":
			chosen := in.first(func(n node) bool { _, on := n.has("selected"); return n.Data == "option" && on })
			if !chosen.ok() {
				chosen = in.first(byTag("option"))
			}
			out.Add(name, chosen.attr("value"))
			continue
		case "textarea":
			out.Add(name, in.text())
			continue
		}
		switch in.attr("type") {
		case "checkbox", "radio":
			if _, on := in.has("checked"); on {
				out.Add(name, in.attr("value"))
			}
		case "submit", "button", "image", "reset", "file":
		default:
			out.Add(name, in.attr("value"))
		}
	}
	return out
}

// visit asks for a page as somebody, without following where it sends them.
func (s *site) visit(role policy.Role, address string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	if c, ok := s.cookies[role]; ok {
		r.AddCookie(c)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w
}
