package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// post hands the file of --send to the hook as the service would, and tells how it was
// answered.
func (l *listening) post(ctx context.Context) error {
	r := l.posted
	r.URL.Path = webhook.Path(l.hook.Record.Token)
	answer := &answered{header: http.Header{}}
	l.hook.ServeHTTP(answer, r.WithContext(ctx))
	fmt.Fprintf(l.std.Err, "answered %d: %s\n", answer.status, printable(strings.TrimSpace(answer.body.String())))
	if answer.status >= http.StatusBadRequest {
		return fmt.Errorf("%s was not taken: it was answered %d", l.send, answer.status)
	}
	return nil
}

// readSample reads the file of --send before the service is told of anything.
func (l *listening) readSample() (err error) {
	if l.send != "" {
		l.posted, err = l.sample()
	}
	return err
}

// sample reads the file of --send: a request with its header, or a body whose type the
// name of the file tells.
func (l *listening) sample() (*http.Request, error) {
	content, err := l.read(l.send)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(path.Ext(l.send), ".http") {
		return parseRequest(l.send, content)
	}
	r, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(content))
	if err == nil {
		r.Header.Set("Content-Type", typeOfFile(l.send, content))
	}
	return r, err
}

// parseRequest reads a request as it goes over the wire (RFC 9112), with line ends of any
// kind. The body is what is there, whatever Content-Length says.
func parseRequest(name string, content []byte) (*http.Request, error) {
	end := endOfHead.FindIndex(content)
	if end == nil {
		end = []int{len(content), len(content)}
	}
	head, body := string(content[:end[0]]), content[end[1]:]
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.TrimSpace(head) + "\r\n\r\n")))
	if err != nil {
		return nil, &hintedError{fmt.Errorf("%s: no HTTP request: %w", name, err), "begin it with POST / HTTP/1.1"}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return r, nil
}

// endOfHead is the empty line behind a header.
var endOfHead = regexp.MustCompile(`\r?\n\r?\n`)

func typeOfFile(name string, content []byte) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	case ".form":
		return "application/x-www-form-urlencoded"
	}
	if _, err := value.ParseJSON(content); err == nil {
		return "application/json"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "text/plain; charset=utf-8"
}

// answered keeps an answer.
type answered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answered) Header() http.Header { return a.header }

func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answered) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}
