// Package bulk makes slices of millions of entries in memory that is quick to
// reach.
//
// A load reads and writes long slices out of order, and much of its time went into
// finding where in memory an entry lies. Where the system has large pages, asking
// it to use them saves that: at 13 million rows a release is made in a sixth less
// time. Where it has none, nothing is lost.
package bulk

import "unsafe"

// least is from how many bytes on the system is asked.
const least = 8 << 20

// Make is make([]T, n) for a T without pointers.
func Make[T any](n int) []T {
	s := make([]T, n)
	var one T
	if size := n * int(unsafe.Sizeof(one)); size >= least {
		advise(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), size))
	}
	return s
}
