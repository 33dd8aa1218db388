package cli

import (
	"net/textproto"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/spf13/cobra"
)

const formType = "application/x-www-form-urlencoded"

// requestFlags describe a request as curl does.
type requestFlags struct {
	method  string
	url     string
	data    []string
	headers []string
}

func (r *requestFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&r.method, "method", "X", "", "HTTP `method` (default GET, with --data POST)")
	flags.StringVar(&r.url, "url", "", "the whole `address`, query included")
	flags.StringArrayVarP(&r.data, "data", "d", nil, "`body`; repeated ones are joined by &, @FILE is read as it is. Without a Content-Type header it is a form")
	flags.StringArrayVarP(&r.headers, "header", "H", nil, "header `line`; Content-Type and Host matter for the signature")
}

// given reports whether the flags name a request.
func (r *requestFlags) given() bool { return r.url != "" }

// request returns what the flags describe, and the Authorization headers among them.
func (r *requestFlags) request(f *factory) (q oauth1.Request, authorization []string, err error) {
	if r.url == "" {
		return q, nil, usagef("give it with --url", "there is no address to sign")
	}
	q = oauth1.Request{Method: strings.ToUpper(r.method), URL: r.url}
	if err = r.readData(f, &q); err != nil {
		return q, nil, err
	}
	for _, line := range r.headers {
		name, text, ok := strings.Cut(line, ":")
		if !ok {
			return q, nil, usagef(`write it as "Name: value"`, "this header has no colon") // the line may be a secret
		}
		switch text = strings.TrimSpace(text); textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) {
		case "Content-Type":
			q.ContentType = text
		case "Host":
			q.Host = text
		case "Authorization":
			authorization = append(authorization, text)
		}
	}
	return q, authorization, nil
}

// readData fills in body, type and method as curl -d would send them.
func (r *requestFlags) readData(f *factory, q *oauth1.Request) error {
	if q.Method == "" {
		q.Method = "GET"
		if len(r.data) > 0 {
			q.Method = "POST"
		}
	}
	for i, piece := range r.data {
		if i > 0 {
			q.Body = append(q.Body, '&')
		}
		content := []byte(piece)
		if name, isFile := strings.CutPrefix(piece, "@"); isFile {
			var err error
			if content, err = f.read(name); err != nil {
				return err
			}
		}
		q.Body = append(q.Body, content...)
	}
	if len(r.data) > 0 {
		q.ContentType = formType
	}
	return nil
}
