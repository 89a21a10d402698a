// Command webenable loads Hospital Episode Statistics and serves them to
// authorised people.
package main

import (
	"context"
	"os"

	"webenablehes/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
