package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// So many pages are made at a time; the next has its turn when one is made, not
// when it has been read; who goes away waits no longer, and what is sent never waits.
func TestTurns(t *testing.T) {
	t2 := make(turns, 1)
	ask := func(ctx context.Context, method string) (*http.Request, func(), error) {
		return t2.take(httptest.NewRequestWithContext(ctx, method, "/", nil))
	}
	first, over, err := ask(t.Context(), http.MethodGet)
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := ask(gone, http.MethodGet); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: %v", err)
	}
	if _, _, err := ask(gone, http.MethodPost); err != nil {
		t.Errorf("what is sent: %v", err)
	}
	made(first)
	second, _, err := ask(t.Context(), http.MethodGet)
	if err != nil {
		t.Fatal(err)
	}
	over() // the first has been read; its turn is given back once only
	if _, _, err := ask(gone, http.MethodGet); !errors.Is(err, context.Canceled) {
		t.Errorf("two at once: %v", err)
	}
	made(second)
	if len(t2) != 0 {
		t.Errorf("%d turns are left", len(t2))
	}
}
