package cassette

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cleat-run/cleat/value"
)

// ReadStep reads an exchange as tests write it: {"req": {url, method, qs, headers, body},
// "res": {statusCode, headers, body}}. The body of an answer is a text as it is, or
// anything else as JSON; without a status it is 200.
func ReadStep(exchange value.Value) (Step, error) {
	req, res := exchange.Collection().Get("req").Collection(), exchange.Collection().Get("res").Collection()
	if req == nil || res == nil || req.Get("url").IsEmpty() {
		return Step{}, errors.New(`an exchange is {"req": {"url": …}, "res": {…}}`)
	}
	answer, err := readAnswer(res)
	return Step{Request: Expected{URL: req.Get("url").ToText(), Method: req.Get("method").ToText(), Query: req.Get("qs").Collection(),
		Headers: req.Get("headers").Collection(), Body: req.Get("body")}, Response: answer}, err
}

func readAnswer(res *value.Collection) (Response, error) {
	r := Response{Status: http.StatusOK, Headers: http.Header{}}
	if status := res.Get("statusCode"); !status.IsNil() {
		r.Status = int(status.Float())
	}
	if r.Status < 200 || r.Status > 599 {
		return r, fmt.Errorf("res.statusCode is no status from 200 to 599: %s", res.Get("statusCode").ToText())
	}
	for name, v := range res.Get("headers").Collection().All() {
		for _, line := range listed(v) {
			r.Headers.Add(name, line)
		}
	}
	switch body := res.Get("body"); {
	case body.IsNil():
	case body.IsText():
		r.Text = body.ToText()
	default:
		r.JSON = &body
		if r.Headers.Get("Content-Type") == "" {
			r.Headers.Set("Content-Type", "application/json")
		}
	}
	return r, nil
}
