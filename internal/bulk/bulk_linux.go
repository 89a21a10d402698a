package bulk

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// advise asks for large pages in whole pages of a piece of memory. A system that
// does not know them refuses, which does no harm.
func advise(b []byte) {
	const page = 2 << 20
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (page - 1))
	if whole := (len(b) - skip) &^ (page - 1); whole > 0 {
		_ = unix.Madvise(b[skip:skip+whole], unix.MADV_HUGEPAGE)
	}
}
