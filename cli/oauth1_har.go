package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
)

// archive is the part of an HTTP archive (HAR 1.2) that a signature depends on.
type archive struct {
	Log struct {
		Entries []struct {
			Request archivedRequest `json:"request"`
		} `json:"entries"`
	} `json:"log"`
}

type archivedRequest struct {
	Method   string          `json:"method"`
	URL      string          `json:"url"`
	Headers  []archivedField `json:"headers"`
	PostData *struct {
		MimeType string          `json:"mimeType"`
		Text     string          `json:"text"`
		Params   []archivedField `json:"params"`
	} `json:"postData"`
}

type archivedField struct{ Name, Value string }

// request returns what was signed, and the Authorization headers.
func (r archivedRequest) request() (q oauth1.Request, authorization []string) {
	q = oauth1.Request{Method: strings.ToUpper(r.Method), URL: r.URL}
	if r.PostData != nil {
		q.ContentType, q.Body = r.PostData.MimeType, []byte(r.PostData.Text)
		if r.PostData.Text == "" && len(r.PostData.Params) > 0 {
			var form []oauth1.Param
			for _, p := range r.PostData.Params {
				form = append(form, oauth1.Param{Name: p.Name, Value: p.Value})
			}
			q.Body = []byte(oauth1.EncodeForm(form))
		}
	}
	for _, h := range r.Headers {
		switch strings.ToLower(h.Name) {
		case "content-type":
			q.ContentType = h.Value
		case "host", ":authority":
			q.Host = h.Value
		case "authorization":
			authorization = append(authorization, h.Value)
		}
	}
	return q, authorization
}

// recorded returns the request of --har and --entry.
func (o *oauth1VerifyOptions) recorded() (q oauth1.Request, authorization []string, err error) {
	content, err := o.read(o.har)
	if err != nil {
		return q, nil, err
	}
	var a archive
	if json.Unmarshal(content, &a) != nil { // the parser's error may quote a secret
		return q, nil, fmt.Errorf("%s is no HTTP archive", o.har)
	}
	entry := o.entry
	if entry == 0 {
		if entry, err = a.onlySigned(); err != nil {
			return q, nil, err
		}
	}
	if entry < 1 || entry > len(a.Log.Entries) {
		return q, nil, usagef("count from 1", "there is no entry %d: the recording has %d", entry, len(a.Log.Entries))
	}
	q, authorization = a.Log.Entries[entry-1].Request.request()
	return q, authorization, nil
}

// onlySigned returns the number of the entry that is signed by OAuth 1.0.
func (a archive) onlySigned() (int, error) {
	var signed []string
	only := 0
	for i, entry := range a.Log.Entries {
		if takeApart(entry.Request.request()).has("oauth_signature") {
			only, signed = i+1, append(signed, fmt.Sprint(i+1))
		}
	}
	switch len(signed) {
	case 0:
		return 0, usagef("say which one with --entry", "no request of the recording has an oauth_signature")
	case 1:
		return only, nil
	}
	return 0, usagef("say which one with --entry: "+strings.Join(signed, ", "), "%d requests of the recording are signed", len(signed))
}
