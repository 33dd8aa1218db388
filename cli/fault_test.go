package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/source"
)

func TestErrorsAreReported(t *testing.T) {
	t.Parallel()
	at := source.Position{File: "modules/list.iml.json", Line: 3, Column: 5}
	failure := &engine.Error{Type: engine.DataError, Message: "no such user", StatusCode: 404, Step: "request 1", Directive: "response.error", Position: at, Hint: "check the id"}
	for _, test := range []struct {
		name       string
		err        error
		code       int
		text, json string
	}{
		{"nothing", nil, 0, "", ""},
		{"plain", errors.New("full"), 1, "cleat: full\n", `{"error":{"type":"RuntimeError","message":"full"}}`},
		{"usage", usagef("write it so", "%s is wrong", "x"), 2, "cleat: x is wrong\n  hint: write it so\n",
			`{"error":{"type":"UsageError","message":"x is wrong","hint":"write it so"}}`},
		{"findings that were shown", &exitError{code: exitFindings}, 3, "", ""},
		{"interrupt", fmt.Errorf("run: %w", context.Canceled), 1, "cleat: interrupted\n",
			`{"error":{"type":"ExecutionInterruptedError","message":"interrupted"}}`},
		{"run", failure, 1, "cleat: modules/list.iml.json:3:5: DataError: no such user\n  at: request 1, response.error\n  hint: check the id\n",
			`{"error":{"type":"DataError","message":"no such user","statusCode":404,"file":"modules/list.iml.json","line":3,"column":5,"step":"request 1","directive":"response.error","hint":"check the id"}}`},
		{"token", &engine.Error{Type: engine.InvalidAccessTokenError, Message: "gone"}, 4, "cleat: gone\n",
			`{"error":{"type":"InvalidAccessTokenError","message":"gone"}}`},
		{"connection", &connect.Error{Reason: connect.Provider, Message: "refused", StatusCode: 401, Hint: "look at the key", Cause: &engine.Error{Type: engine.RuntimeError, StatusCode: 401}}, 1,
			"cleat: refused\n  hint: look at the key\n", `{"error":{"type":"RuntimeError","message":"refused","statusCode":401,"hint":"look at the key"}}`},
		{"a person is needed", needsUser(errors.New("authorize it again")), 4, "cleat: authorize it again\n",
			`{"error":{"type":"RuntimeError","message":"authorize it again"}}`},
		{"network", &engine.Error{Type: engine.ConnectionError, Message: "GET http://h: no such host", Code: "ENOTFOUND"}, 1, "cleat: ConnectionError: GET http://h: no such host\n  hint: check the name of the host, and your network\n",
			`{"error":{"type":"ConnectionError","message":"GET http://h: no such host","hint":"check the name of the host, and your network"}}`},
		{"egress", &engine.RefusedError{Host: "h", Port: 22}, 1, "cleat: port 22 of h is refused: only 80, 443 and ports above 1023 are allowed\n",
			`{"error":{"type":"RuntimeError","message":"port 22 of h is refused: only 80, 443 and ports above 1023 are allowed"}}`},
		{"control characters", errors.New("a\x1b[31mb"), 1, "cleat: a\ufffd[31mb\n", `{"error":{"type":"RuntimeError","message":"a\u001b[31mb"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if code := exitCode(test.err); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for asJSON, want := range map[bool]string{false: test.text, true: test.json} {
				var errs bytes.Buffer
				f := &factory{std: Streams{Err: &errs}}
				f.report(test.err, asJSON)
				if asJSON && want != "" {
					want += "\n"
				}
				if errs.String() != want {
					t.Errorf("json %v\n got %s\nwant %s", asJSON, errs.String(), want)
				}
			}
		})
	}
}
