// Command cleat runs Make.com custom apps anywhere. See cleat help.
package main

import (
	"os"

	"github.com/cleat-run/cleat/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.System())) }
