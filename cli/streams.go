package cli

import (
	"io"
	"os"
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
}

// System returns the streams of this process.
func System() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, IsTerminal: terminal(os.Stdin) && terminal(os.Stderr)}
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
