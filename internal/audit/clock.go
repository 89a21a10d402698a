package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"webenablehes/internal/fault"
)

// SameTime is how far the clocks of machines that take turns may be apart, and how
// far events that happen at once may be out of order.
const SameTime = 5 * time.Second

// ClockKind is the kind of the event with which somebody says that the clock was put
// back, and is right now. Only such an event may be of long before the last one.
const ClockKind = "clock"

// ClockBack is why an event cannot be recorded that would be of before the last one:
// the machine's clock was put back, and by it what has ended would be in force again.
type ClockBack struct{ Last, Now time.Time }

func (c *ClockBack) Error() string {
	return fmt.Sprintf("this machine's clock says %s, and the access record holds an event of %s", c.Now.UTC().Format(time.DateTime), c.Last.UTC().Format(time.DateTime))
}

// Follows tells whether an event may be recorded after the last one, by its canonical
// bytes; nil if there is none.
func Follows(last []byte, e Event) error {
	if last == nil || e.Kind == ClockKind {
		return nil
	}
	var before struct {
		At time.Time `json:"at"`
	}
	if err := json.Unmarshal(last, &before); err != nil {
		return nil // it was spoilt, which is for Verify to say
	}
	if !e.At.Add(SameTime).Before(before.At) {
		return nil
	}
	return fault.Wrap(fault.Unavailable, &ClockBack{before.At, e.At}, "The clock of this server was put back, so nothing is shown or done until it is right. Tell whoever runs the site.")
}

// Unwritten says why something is not done whose event could not be written: so is
// what is not, in words such as "nothing can be shown".
func Unwritten(err error, so string) error {
	if _, back := errors.AsType[*ClockBack](err); back {
		return err // which says so itself
	}
	return fault.Wrap(fault.Unavailable, err, "The access record cannot be written, so %s. Please try again in a few minutes.", so)
}
