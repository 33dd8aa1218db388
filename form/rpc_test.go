package form_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

// script answers by URL and notes the questions.
type script struct {
	t       *testing.T
	answers map[string]string
	asked   []string
}

func (s *script) Call(_ context.Context, c form.Call) (value.Value, error) {
	parameters, err := c.Parameters()
	if err != nil {
		return value.Undefined, err
	}
	s.asked = append(s.asked, fmt.Sprintf("%s %s", c.Name(), value.FromCollection(parameters).AppendJSON(nil)))
	answer, ok := s.answers[c.URL]
	if !ok {
		return value.Undefined, errors.New("no such RPC")
	}
	v, err := value.ParseJSON([]byte(answer))
	if err != nil {
		s.t.Error(err)
	}
	return v, nil
}

func TestRPCsGetTheWholeForm(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{
		"rpc://items":                         `[{"value":"b1"}]`,
		"rpc://boards":                        `[{"label":"One","value":"b1","nested":"rpc://lists?board={{board}}&q=a%20b"}]`,
		"rpc://lists?board={{board}}&q=a%20b": `[{"name":"list","type":"select","required":true,"options":"rpc://items"},{"name":"n","type":"number"}]`,
	}}
	f := parsed(t, `[{"name":"key","type":"text"},{"name":"board","type":"select","options":"rpc://boards"}]`)
	made, report := f.Convert(context.Background(), collection(t, `{"key":"k","board":"b1","list":"b1","n":"5"}`), form.Options{RPC: rpc})
	if got, want := outcome(made, report), `{"key":"k","board":"b1","list":"b1","n":5}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := `boards {"key":"k","board":"b1","list":"b1","n":"5"}` + "\n" +
		`lists {"key":"k","board":"b1","list":"b1","n":"5","q":"a b"}` + "\n" +
		`items {"key":"k","board":"b1","list":"b1","n":"5"}`
	if got := strings.Join(rpc.asked, "\n"); got != want {
		t.Errorf("asked\n%s\nwant\n%s", got, want)
	}
}

func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{"rpc://a": `[{"value":1}]`}}
	f := parsed(t, `[{"name":"x","type":"select","options":"rpc://a"},{"name":"y","type":"select","options":"rpc://a"},{"name":"z","type":"select","options":"rpc://no"},{"name":"u","type":"select","options":"rpc://no"}]`)
	cached := form.Cache(rpc)
	values := collection(t, `{"x":1,"y":1,"z":1,"u":1}`)
	for range 2 {
		report := f.Check(context.Background(), values, form.Options{RPC: cached})
		if got := outcome(nil, report); got != "remote z, remote u" {
			t.Errorf("got %s", got)
		}
	}
	if len(rpc.asked) != 2 {
		t.Errorf("asked %d times: %q", len(rpc.asked), rpc.asked)
	}
	if form.Cache(cached) != cached || form.Cache(nil) != nil {
		t.Error("a cache is cached again")
	}
}

func TestFieldsInFieldsEnd(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{
		"rpc://loop":  `["rpc://loop"]`,
		"rpc://again": `[{"name":"x","type":"text","nested":"rpc://again"}]`,
	}}
	rpc.answers["rpc://wide"] = `["rpc://wide","rpc://wide","rpc://wide","rpc://wide"]`
	report := parsed(t, `"rpc://wide"`).Check(context.Background(), collection(t, `{}`), form.Options{RPC: rpc})
	if got, want := report.Problems[len(report.Problems)-1].Message, "RPCs give fields more than 500 times"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, definition := range []string{`"rpc://loop"`, `"rpc://again"`} {
		report := parsed(t, definition).Check(context.Background(), collection(t, `{"x":"a"}`), form.Options{RPC: rpc})
		if len(report.Problems) != 1 || report.Problems[0].Code != form.CodeRemote {
			t.Errorf("%s: %v", definition, report.Problems)
		}
	}
}

func TestFormsAskOnlySoMuch(t *testing.T) {
	t.Parallel()
	asked := 0
	rpc := form.RPCFunc(func(_ context.Context, c form.Call) (value.Value, error) {
		asked++
		return value.List(), nil
	})
	var urls []string
	for i := range 500 {
		urls = append(urls, fmt.Sprintf(`"rpc://a?n=%d"`, i))
	}
	report := parsed(t, "["+strings.Join(urls, ",")+"]").Check(context.Background(), value.NewCollection(0), form.Options{RPC: rpc})
	if asked != 200 || len(report.Problems) != 300 {
		t.Errorf("%d questions, %d problems", asked, len(report.Problems))
	}
}

func TestACancelledFormStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	rpc := form.RPCFunc(func(context.Context, form.Call) (value.Value, error) {
		cancel()
		return value.Undefined, ctx.Err()
	})
	report := parsed(t, `["rpc://a","rpc://b",{"name":"x","type":"text","required":true}]`).Check(ctx, nil, form.Options{RPC: rpc})
	if len(report.Problems) == 0 || !strings.Contains(report.Problems.Error(), "context canceled") {
		t.Errorf("got %v", report.Problems)
	}
}

func TestWhatWasCutShortIsAskedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rpc := form.Cache(form.RPCFunc(func(ctx context.Context, _ form.Call) (value.Value, error) {
		if err := ctx.Err(); err != nil {
			return value.Undefined, err
		}
		return value.List(), nil
	}))
	cancel()
	if _, err := rpc.Call(ctx, form.Call{URL: "rpc://a"}); err == nil {
		t.Error("a cancelled question is answered")
	}
	if _, err := rpc.Call(t.Context(), form.Call{URL: "rpc://a"}); err != nil {
		t.Errorf("the question is not asked again: %v", err)
	}
}

func TestWithoutRPCNothingIsKnown(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"x","type":"select","options":"rpc://a"},"rpc://b",{"name":"f","type":"file","options":"rpc://c"}]`)
	values := collection(t, `{"x":"any","more":"5","f":"/a/b"}`)
	if report := f.Check(context.Background(), values, form.Options{}); len(report.Problems)+len(report.Warnings) > 0 {
		t.Errorf("%v %v", report.Problems, report.Warnings)
	}
	if got := outcome(f.Convert(context.Background(), values, form.Options{})); got != `{"x":"any","more":"5","f":"/a/b"}` {
		t.Error(got)
	}
}

// A run asks for fields, and for options only when those may explain a value that no field
// has; an RPC that fails is a warning, and the values go as they are.
func TestARunAsksForFieldsAlone(t *testing.T) {
	t.Parallel()
	const fields = `[{"name":"table","type":"select","options":"rpc://tables"},"rpc://columns"]`
	for _, c := range []struct{ columns, values, want, asked string }{
		{`[{"name":"n","type":"number","required":true}]`, `{"table":"b","n":"5"}`, `{"table":"b","n":5}`, "columns tables"},
		{`[{"name":"n","type":"number","required":true}]`, `{"table":"b"}`, "required n", "columns"},
		{`[]`, `{"table":"b"}`, `{"table":"b"}`, "columns"},
		{"", `{"table":"b","n":"5"}`, `{"table":"b","n":"5"} warning remote`, "columns tables"},
	} {
		rpc := &script{t: t, answers: map[string]string{"rpc://tables": `[{"value":"b"}]`}}
		if c.columns != "" {
			rpc.answers["rpc://columns"] = c.columns
		}
		made, report := parsed(t, fields).Convert(t.Context(), collection(t, c.values), form.Options{RPC: rpc})
		got := outcome(made, report)
		for _, w := range report.Warnings {
			got += " warning " + w.Code
		}
		var asked []string
		for _, question := range rpc.asked {
			name, _, _ := strings.Cut(question, " ")
			asked = append(asked, name)
		}
		slices.Sort(asked)
		if got != c.want || strings.Join(asked, " ") != c.asked {
			t.Errorf("%s: got %s, asked %q; want %s, %q", c.values, got, asked, c.want, c.asked)
		}
	}
}
