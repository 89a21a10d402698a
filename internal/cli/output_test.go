package cli

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"webenablehes/internal/fault"
)

type full struct{}

func (full) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// A disk that is full where a command prints is not our mistake, and is said.
func TestOutputFails(t *testing.T) {
	var said strings.Builder
	code := Main(t.Context(), []string{"version"}, Env{In: strings.NewReader(""), Out: full{}, Err: &said})
	if code != fault.Unavailable.Exit() || !strings.Contains(said.String(), "could not be written") || !strings.Contains(said.String(), "no space left") {
		t.Errorf("exit %d, said %q", code, said.String())
	}
}
