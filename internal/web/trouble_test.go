package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/web"
)

// Errors keep the filters and say the way on; the part of the page that a script
// asks for is the same error in the place of the results.
func TestErrorsSayTheWayOn(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, c := range []struct {
		name, in, says, filter, way, to string
		status                          int
	}{
		{"typed-wrong", "/records?sex=1&adm_from=soon&adm_to=2009-04&sort=SEX", "Admitted: write a day as", "adm", "Leave this filter out", "/records?sex=1&sort=SEX", http.StatusBadRequest},
		{"the-wrong-way-round", "/records?age=64..18&sex=1", "the beginning comes after the end", "age", "Leave this filter out", "/records?sex=1", http.StatusBadRequest},
		{"kept-and-left-out", "/records?sex=1&sex=!2", "not both", "sex", "Leave this filter out", "/records", http.StatusBadRequest},
		{"no-such-view", "/records?sex=1&view=all", "There is no such view", "", "Start again from all records", "/records", http.StatusBadRequest},
		{"column-not-covered", "/records?sex=1&cols=SEX,LSOA01&den=w", "The field LSOA01 is not covered by agreement DSA-1. Ask the information governance lead", "", "Show the list with your own columns", "/records?sex=1&den=w", http.StatusForbidden},
		{"no-cursor", "/records?sex=1&after=AAAAAAAAAAAAAAAAAAAAAA", "", "", "", "", http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, part := range []string{"", "app"} {
				got := s.visit(policy.Researcher, c.in, "X-Part", part)
				for got.Code == http.StatusSeeOther {
					got = s.visit(policy.Researcher, got.Header().Get("Location"), "X-Part", part)
				}
				doc := parse(t, got.Body.String())
				if got.Code != c.status || !strings.Contains(doc.first(byTag("body")).text(), c.says) {
					t.Errorf("status %d: %s", got.Code, doc.text())
				}
				trouble := doc.first(byID("trouble"))
				if trouble.ok() != (part == "app") || trouble.attr("data-filter") != map[bool]string{true: c.filter}[part == "app"] {
					t.Errorf("the part %q: %v, filter %q", part, trouble.ok(), trouble.attr("data-filter"))
				}
				way := doc.first(byClass("ways")).first(byTag("a"))
				if way.text() != c.way || way.attr("href") != c.to {
					t.Errorf("the way on is %q to %s", way.text(), way.attr("href"))
				}
				if !strings.Contains(doc.first(byTag("body")).text(), "quote ") {
					t.Error("no id to quote")
				}
			}
		})
	}
}

// slow is an engine that answers only when it is told to stop.
type slow struct {
	driver.Engine
	asked   chan struct{}
	stopped chan error
}

func (e *slow) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	close(e.asked)
	<-ctx.Done()
	e.stopped <- ctx.Err()
	return nil, ctx.Err()
}

// A question that is given up in the browser is given up in the engine.
func TestGivenUpInTheBrowserIsGivenUpInTheEngine(t *testing.T) {
	e := &slow{asked: make(chan struct{}), stopped: make(chan error, 1)}
	s := open(t, &web.Assets{}, func(o *source) { e.Engine = o.engine; o.engine = e })
	server := httptest.NewServer(s.server)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/records", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Part", "app")
	r.AddCookie(s.cookies[policy.Researcher])
	gone := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		gone <- err
	}()
	<-e.asked
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended with %v", err)
	}
	select {
	case err := <-e.stopped:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the engine was stopped by %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the engine goes on")
	}
}
