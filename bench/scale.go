package main

import (
	"context"
	"errors"
	"os"
)

// times is by how much the larger extract of scale is larger.
const times = 4

// runScale measures webenable's load of an extract and of one of four times the
// rows, in turns.
func runScale(ctx context.Context, e env, args []string) (err error) {
	b, err := newBench(e, "scale", 1_000_000, args)
	if err != nil {
		return err
	}
	small, _, err := obtain(ctx, e, b.w, b.o, b.o.rows)
	if err != nil {
		return err
	}
	large, made, err := obtain(ctx, e, b.w, b.o, times*b.o.rows)
	if made && !b.o.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(extractDir(b.o, times*b.o.rows))) }()
	}
	if err != nil {
		return err
	}
	r := newResult(b, small)
	r.Larger = large
	for round := 1; round <= b.o.repeat; round++ {
		for _, x := range []*extract{small, large} {
			if err := b.web(ctx, r, x, loadAll, "all", round); err != nil {
				return err
			}
		}
	}
	r.judgeScale()
	return r.publish(b, "scale")
}
