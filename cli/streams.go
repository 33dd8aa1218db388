package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams is what a command sees of the process it runs in. Tests replace it.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// Env looks a variable of the environment up.
	Env func(name string) (string, bool)
	// IsTerminal says that a person is at the other end of In and Err, so that prompts,
	// colour and progress make sense.
	IsTerminal bool
	// ReadSecret reads a line from the terminal without showing it.
	ReadSecret func() (string, error)
	// Open shows an address in the person's browser.
	Open func(address string) error
}

// System returns the streams of this process.
func System() Streams {
	in := int(os.Stdin.Fd())
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv,
		IsTerminal: term.IsTerminal(in) && term.IsTerminal(int(os.Stderr.Fd())),
		ReadSecret: func() (string, error) {
			text, err := term.ReadPassword(in)
			return string(text), err
		},
		Open: openBrowser,
	}
}
