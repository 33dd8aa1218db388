package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/cli"
)

// run calls Main without any environment.
func run(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Main(args, cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		want int
	}{
		{"", 0},
		{"--version", 0},
		{"help", 0},
		{"help oauth1 sign", 0},
		{"oauth1", 0},
		{"eval --help", 0},
		{"completion bash", 0},
		{"completion zsh", 0},
		{"completion fish", 0},
		{"eval {{1+1}}", 0},
		{"eval -- --json", 0},

		{"eval {{1+}}", 1},
		{"eval {{unknown()}}", 1},
		{"eval 1 --scope nowhere.json", 1},
		{"inspect nowhere", 1},
		{"test nowhere", 1},
		{"oauth1 sign --url http://a.b/ --signature-method RSA-SHA1", 1},
		{"oauth1 sign --url http://a.b/ --transport body", 1},
		{"oauth1 verify --url http://a.b/", 1},

		{"nothing", 2},
		{"--nothing", 2},
		{"help nothing", 2},
		{"help oauth1 nothing", 2},
		{"completion nothing", 2},
		{"completion bash nothing", 2},
		{"oauth1 nothing", 2},
		{"eval", 2},
		{"eval 1 2", 2},
		{"eval 1 --nothing", 2},
		{"eval 1 --scope", 2},
		{"eval 1 --timezone Nowhere/City", 2},
		{"eval 1 --egress-allow everything", 2},
		{"eval - --scope -", 2},
		{"inspect", 2},
		{"test", 2},
		{"test testdata/examples/my-app nothing", 2},
		{"oauth1 sign", 2},
		{"oauth1 sign --url /path", 2},
		{"oauth1 sign --url http://a.b/ --signature-method MD5", 2},
		{"oauth1 sign --url http://a.b/ --transport pigeon", 2},
		{"oauth1 sign --url http://a.b/ --profile none", 2},
		{"oauth1 sign --url http://a.b/ -H nocolon", 2},
		{"oauth1 verify", 2},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := run("", strings.Fields(test.args)...)
			if code != test.want {
				t.Errorf("exit code %d, want %d: %s", code, test.want, stderr)
			}
			if code != 0 && stderr == "" {
				t.Error("nothing on standard error")
			}
		})
	}
}

// TestFailuresHaveAnErrorObject holds --json to one object on standard error.
func TestFailuresHaveAnErrorObject(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"nothing --json", `{"error":{"type":"UsageError","message":"unknown command \"nothing\" for \"cleat\"","hint":"see cleat help"}}`},
		{"eval --json --nothing", `{"error":{"type":"UsageError","message":"unknown flag: --nothing","hint":"see cleat help eval"}}`},
		{"eval --json {{1+}}", `{"error":{"type":"InvalidConfigurationError","message":"Operator on end of an expression","line":1,"column":5,"hint":"an operand is missing after the operator"}}`},
		{"eval --json {{uper('a')}}", `{"error":{"type":"RuntimeError","message":"Function 'uper' not found!","line":1,"column":3,"hint":"did you mean upper?"}}`},
		{"eval --json 1 --scope nowhere", `{"error":{"type":"RuntimeError","message":"nowhere: no such file or directory"}}`},
		{"inspect --json nowhere", `{"error":{"type":"InvalidConfigurationError","message":"no such file or folder","file":"nowhere","hint":"APP is the folder of an app, its makecomapp.json, or a ZIP"}}`},
		{"oauth1 sign --json --url http://a.b/ --signature-method RSA-SHA1",
			`{"error":{"type":"InvalidConfigurationError","message":"oauth: RSA methods need private_key","hint":"give the key with --private-key FILE"}}`},
	} {
		_, stdout, stderr := run("", strings.Fields(test.args)...)
		if stdout != "" || stderr != test.want+"\n" {
			t.Errorf("cleat %s\n got %s\nwant %s\nstdout %q", test.args, stderr, test.want, stdout)
		}
	}
}
