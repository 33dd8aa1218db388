package cli

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// tracing returns log, with --trace followed by a writer of exchanges. They come masked
// from the engine.
func (f *factory) tracing(log func(engine.Exchange)) func(engine.Exchange) {
	if !f.trace {
		return log
	}
	return func(x engine.Exchange) {
		if log != nil {
			log(x)
		}
		writeExchange(f.std.Err, x)
	}
}

// writeExchange shows an exchange: lines of the request begin with >, of the answer with <.
func writeExchange(w io.Writer, x engine.Exchange) {
	var b strings.Builder
	fmt.Fprintf(&b, "* %s, %s\n> %s %s\n", x.Plan, x.Step, x.Method, x.URL)
	writeMessage(&b, "> ", x.RequestHeader, x.RequestBody)
	if x.Error != "" {
		fmt.Fprintf(&b, "* %s\n", x.Error)
	}
	if x.Status != 0 {
		fmt.Fprintf(&b, "< %d %s (%s, %d bytes)\n", x.Status, http.StatusText(x.Status), x.Duration.Round(time.Millisecond), x.Size)
		writeMessage(&b, "< ", x.ResponseHeader, x.ResponseBody)
	}
	io.WriteString(w, printable(b.String()))
}

func writeMessage(b *strings.Builder, mark string, header http.Header, body string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, line := range header[name] {
			fmt.Fprintf(b, "%s%s: %s\n", mark, name, line)
		}
	}
	if body == "" {
		return
	}
	b.WriteString(strings.TrimSpace(mark) + "\n")
	for line := range strings.Lines(body) {
		b.WriteString(mark + strings.TrimRight(line, "\r\n") + "\n")
	}
}
