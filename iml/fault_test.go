package iml

import (
	"strings"
	"testing"
)

func TestMistakesAreNamedAsMakeNamesThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{1 + | 2}}": "error IML001: Operator next to operator\n" +
			"    {{1 + | 2}}\n" +
			"          ^",
		"{{1 + * 2}}": "error IML001: Operator next to operator\n" +
			"    {{1 + * 2}}\n" +
			"          ^",
		"{{1 +}}": "error IML001: Operator on end of an expression\n" +
			"    {{1 +}}\n" +
			"         ^\n" +
			"  hint: an operand is missing after the operator",
		"{{a b}}": "error IML001: Unexpected b at 4\n" +
			"    {{a b}}\n" +
			"        ^\n" +
			"  hint: an operator is missing here",
		"{{a ? b : c}}": "error IML001: Unexpected ? at 4\n" +
			"    {{a ? b : c}}\n" +
			"        ^\n" +
			"  hint: there is no ternary operator; write if(condition, a, b)",
		"{{x.map(y => y)}}": "error IML001: Unexpected ( at 7\n" +
			"    {{x.map(y => y)}}\n" +
			"           ^\n" +
			"  hint: values have no methods; write a function such as map(array, 'key')",
		"{{f(1}}": "error IML001: ( is not closed\n" +
			"    {{f(1}}\n" +
			"       ^\n" +
			"  hint: close it with )",
		"{{'abc}}": "error IML001: text is not closed\n" +
			"    {{'abc}}\n" +
			"      ^\n" +
			"  hint: close it with '",
		"{{“a”}}": "error IML001: Unexpected “ at 2\n" +
			"    {{“a”}}\n" +
			"      ^\n" +
			"  hint: curly quotes are no quotes; write ' or \"",
		"{{replace(a, /\\d+/g, '')}}": "error IML001: Operator next to operator\n" +
			"    {{replace(a, /\\d+/g, '')}}\n" +
			"                 ^~~~~~\n" +
			"  hint: write a regular expression as a text: '/\\d+/g'",
		"{{replace(a, /[0-9]/, '')}}": "error IML001: Unexpected [ at 14\n" +
			"    {{replace(a, /[0-9]/, '')}}\n" +
			"                 ^~~~~~~\n" +
			"  hint: write a regular expression as a text: '/[0-9]/'",
		"{{a = }}": "error IML001: Operator on end of an expression\n" +
			"    {{a = }}\n" +
			"          ^\n" +
			"  hint: an operand is missing after the operator",
		"{{ {{a}} }}": "error IML001: Unexpected { at 3\n" +
			"    {{ {{a}} }}\n" +
			"       ^\n" +
			"  hint: an expression holds no second {{; write the name alone",
		"{{a": "error IML001: {{ is not closed\n" +
			"    {{a\n" +
			"    ^~\n" +
			"  hint: close the expression with }}",
		"{{1 // note}}": "error IML001: Operator next to operator\n" +
			"    {{1 // note}}\n" +
			"         ^\n" +
			"  hint: there are no comments inside an expression",
		"{{a[0]}}": "warning IML006: [0] is always undefined: arrays count from 1\n" +
			"    {{a[0]}}\n" +
			"       ^~~\n" +
			"  hint: write [1], or [] for the first element",
		"{{headers['x-y']}}": "info IML008: a quoted name in brackets\n" +
			"    {{headers['x-y']}}\n" +
			"             ^~~~~~~\n" +
			"  hint: write back ticks: headers.`x-y`",
		"{{a == b && c === d}}": "info IML011: === compares loosely, as = does: '1' equals 1\n" +
			"    {{a == b && c === d}}\n" +
			"                  ^~~",
		"{{f(a;b)}}": "warning IML005: a semicolon separates arguments in scenario mappings only\n" +
			"    {{f(a;b)}}\n" +
			"         ^\n" +
			"  hint: write a comma\n" +
			"warning IML002: Function 'f' not found!\n" +
			"    {{f(a;b)}}\n" +
			"      ^",
		"{{formatDate(x,YYYY-MM-DDTHH:mm:ss)}}": "warning IML007: the hyphen subtracts MM\n" +
			"    {{formatDate(x,YYYY-MM-DDTHH:mm:ss)}}\n" +
			"                   ^~~~~~~\n" +
			"  hint: for a name with a hyphen write back ticks: `YYYY-MM`\n" +
			"warning IML007: the hyphen subtracts DDTHH\n" +
			"    {{formatDate(x,YYYY-MM-DDTHH:mm:ss)}}\n" +
			"                        ^~~~~~~~\n" +
			"  hint: for a name with a hyphen write back ticks: `MM-DDTHH`\n" +
			"error IML001: Unexpected : at 28\n" +
			"    {{formatDate(x,YYYY-MM-DDTHH:mm:ss)}}\n" +
			"                                ^\n" +
			"  hint: write a date format as a text: 'YYYY-MM-DD HH:mm'",
	} {
		_, found := Compile(text, Options{})
		var all []string
		for _, d := range found {
			all = append(all, d.String())
		}
		if got := strings.Join(all, "\n"); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
