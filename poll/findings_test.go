package poll_test

import (
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
)

// TestFindings compares what the author of an epoch is told; package lint has the rules of
// response.trigger.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, api, epoch, want string }{
		{"a list as epoch", `{"response": {"trigger": {` + byDate + `}}}`, `[{}]`, `epoch.iml.json:1:1: error FMT004: an epoch must be an object
    [{}]
    ^
  hint: it is merged over the last request of the trigger`},
		{"an expression of the epoch, reported once", `{"url": "{{1+}}",
	"response": {"trigger": {` + byDate + `}}}`, `{"response": {"output": "{{2+}}"}}`, `api.iml.json:1:14: error IML001: Operator on end of an expression (/url)
    {"url": "{{1+}}",
                 ^
  hint: an operand is missing after the operator
epoch.iml.json:1:30: error IML001: Operator on end of an expression (/response/output)
    {"response": {"output": "{{2+}}"}}
                                 ^
  hint: an operand is missing after the operator`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, found := poll.Compile(engine.Source{Name: "watch", Code: code(t, "api.iml.json", test.api)}, code(t, "epoch.iml.json", test.epoch))
			var texts []string
			for _, d := range found {
				texts = append(texts, d.String())
			}
			if got := strings.Join(texts, "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
