package iml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/iml"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want, calls string }{
		{"plain", "", ""},
		{"{{a}}-{{b.c.d}}", "a[2:3] b.c.d[8:13]", ""},
		{"{{if(parameters.x > 1; upper(body.items[1].name); now)}}", "parameters.x[5:17] body.items.1.name[29:47]", "if upper"},
		{"{{item[parameters.field].x}}", "item[2:26] parameters.field[7:23]", ""},
		{"{{headers.`X-A`}}", "headers.X-A[2:15]", ""},
		{"{{body.list[].id}}", "body.list[2:16]", ""},
		{"{{ {k: temp.v} }}", "temp.v[7:13]", ""},
		{"{{1 +}}", "", ""},
	} {
		program, _ := iml.Compile(test.text, iml.Options{})
		var got []string
		for _, r := range program.References() {
			got = append(got, fmt.Sprintf("%s[%d:%d]", strings.Join(append([]string{r.Root}, r.Path...), "."), r.Start, r.End))
		}
		if strings.Join(got, " ") != test.want || strings.Join(program.Calls(), " ") != test.calls {
			t.Errorf("%s\n got %v, calls %v\nwant %s, %s", test.text, got, program.Calls(), test.want, test.calls)
		}
	}
}
