package iml

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
)

func TestExcessNamesItsLimit(t *testing.T) {
	t.Parallel()
	scope := NewScope()
	scope.Set("long", value.Text(strings.Repeat("a", 1000)))
	list := value.NewArray()
	for range 1000 {
		list.Append(value.Text("abc"))
	}
	scope.Set("list", value.FromArray(list))
	for _, test := range []struct {
		text   string
		limits Limits
		want   string
	}{
		{"{{distinct(list)}}", Limits{Steps: 500}, "evaluation takes more than 500 steps"},
		{"{{sum(list)}}", Limits{Steps: 500}, "evaluation takes more than 500 steps"},
		{"{{contains(list, 'x')}}", Limits{Steps: 500}, "evaluation takes more than 500 steps"},
		{"{{remove(list, 1, 2, 3)}}", Limits{Steps: 2500}, "evaluation takes more than 2500 steps"},
		{"{{map(list, 'a')}}", Limits{Elements: 500}, "array has more than 500 elements"},
		{"{{split(long, '')}}", Limits{Elements: 500}, "array has more than 500 elements"},
		{"{{flatten(add(emptyarray, list, list), 2)}}", Limits{Elements: 1500}, "array has more than 1500 elements"},
		{"{{set(emptyarray, '999999999', 1)}}", Limits{}, "array has more than 1000000 elements"},
		{"{{join(list, '-')}}", Limits{Text: 500}, "evaluation produces more than 500 bytes of text"},
		{"{{upper(long)}}", Limits{Text: 500}, "evaluation produces more than 500 bytes of text"},
		{"{{replace(long, 'a', 'aaaaaaaaaa')}}", Limits{Text: 5000}, "evaluation produces more than 5000 bytes of text"},
		{"{{replace(long, '/a/g', '$`$`')}}", Limits{Text: 5000}, "evaluation produces more than 5000 bytes of text"},
		{"{{long}}{{long}}", Limits{Text: 1500}, "evaluation produces more than 1500 bytes of text"},
		{"{{replace(long + 'b', '/(a+)+$/', '')}}", Limits{Regex: 20 * time.Millisecond}, "regular expressions take longer than 20ms"},
	} {
		program, found := Compile(test.text, Options{})
		if found.Err() != nil {
			t.Errorf("%s: %v", test.text, found)
			continue
		}
		_, err := program.Eval(&Env{Scope: scope, Limits: &test.limits})
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Message != test.want || wrong.Code != CodeLimit {
			t.Errorf("%s: %v, want %s", test.text, err, test.want)
		}
	}
}

func TestATemplateIsBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"length", strings.Repeat("a", maxTemplate+1), "template is longer than 1048576 bytes"},
		{"depth", "{{" + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + "}}", "deeper than 200 levels"},
		{"arguments", "{{sum(" + strings.Repeat("1,", 1000) + "1)}}", "more than 1000 arguments"},
	} {
		_, found := Compile(test.text, Options{})
		if len(found) != 1 || found[0].Code != CodeLimit || !strings.Contains(found[0].Message, test.want) {
			t.Errorf("%s: %v, want %s", test.name, found, test.want)
		}
	}
}

// No function says in an error what a connection holds, whichever argument it is.
func TestNoErrorShowsASecret(t *testing.T) {
	t.Parallel()
	const secret = "(S3cr3t/"
	scope := NewScope()
	scope.Set("connection", value.Object("key", value.Text(secret), "regex", value.Text("/"+secret+"[/"), "list", value.List(value.Text(secret))))
	failed := 0
	for _, name := range Builtins().Names() {
		most := Builtins().Lookup(name).most()
		for _, argument := range []string{"connection.key", "connection.regex", "connection", "connection.list", "join(connection.list, '')"} {
			for at := range max(most, 3) {
				args := []string{"1", "1", "1", "1", "1"}
				args[min(at, 4)] = argument
				program, _ := Compile("{{"+name+"("+strings.Join(args[:min(max(most, 3), 5)], ", ")+")}}", Options{})
				_, err := program.Eval(&Env{Scope: scope})
				var wrong *Error
				if !errors.As(err, &wrong) || name == "errorFactory" && wrong.Code == CodeRaised {
					continue
				}
				failed++
				if text := wrong.Diagnostic().String(); strings.Contains(text, "S3cr3t") {
					t.Errorf("%s shows the secret: %s", program.Text(), text)
				}
			}
		}
	}
	if failed < 100 {
		t.Errorf("only %d calls failed", failed)
	}
}

func TestAllMistakesOfATextAreReported(t *testing.T) {
	t.Parallel()
	text := "{{a b}} {{uper(1)}} {{round(1, 2)}} {{['x']}} {{mergeCollections(x, y)}} {{now()}} {{x ? 1 : 2}} {{if(1}}"
	want := []string{
		"error IML001: Unexpected b at 4",
		"warning IML002: Function 'uper' not found!",
		"warning IML009: round takes at most 1 arguments; the others are ignored",
		"warning IML003:",
		"warning IML016: mergeCollections is a function of cleat alone",
		"warning IML015: a collection inside text gives {object}",
		"warning IML002: Function 'now' not found!",
		"error IML001: Unexpected ? at",
		"error IML001: ( is not closed",
	}
	_, found := Compile(text, Options{})
	var all []string
	for _, d := range found {
		all = append(all, d.String())
	}
	report := strings.Join(all, "\n")
	for _, finding := range want {
		if !strings.Contains(report, finding) {
			t.Errorf("no %q in\n%s", finding, report)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d findings, want %d", len(found), len(want))
	}
}
