package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestEveryKindIsMapped(t *testing.T) {
	for k := Internal; k <= Method; k++ {
		row, ok := table[k]
		if !ok || row.name == "" || row.status < 400 || row.exit == 0 {
			t.Errorf("kind %d has no full row in the table: %+v", k, row)
		}
	}
	if len(table) != int(Method)+1 {
		t.Errorf("the table has %d rows for %d kinds", len(table), Method+1)
	}
}

func TestOfAndSay(t *testing.T) {
	cause := errors.New("disk on fire")
	cases := map[string]struct {
		err  error
		kind Kind
		say  string
	}{
		"plain":            {cause, Internal, Say(nil)},
		"invalid":          {New(Invalid, "Line %d is too long.", 7), Invalid, "Line 7 is too long."},
		"wrapped-twice":    {fmt.Errorf("load: %w", Wrap(Unavailable, cause, "Try again soon.")), Unavailable, "Try again soon."},
		"internal-is-mute": {Wrap(Internal, cause, "secret detail"), Internal, Say(nil)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Of(c.err); got != c.kind {
				t.Errorf("kind = %v, want %v", got, c.kind)
			}
			if got := Say(c.err); got != c.say {
				t.Errorf("say = %q, want %q", got, c.say)
			}
		})
	}
	if Wrap(Invalid, nil, "x") != nil {
		t.Error("wrapping nil gave an error")
	}
	if !errors.Is(Wrap(Invalid, cause, "x"), cause) {
		t.Error("the cause is lost")
	}
}
