package lint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/source"
)

// repeat joins count texts, each made from its number.
func repeat(count int, between string, text func(i int) string) string {
	all := make([]string, count)
	for i := range all {
		all[i] = text(i)
	}
	return strings.Join(all, between)
}

// project is an app of files whose manifest has these components; neither has line ends.
func project(components string, files fstest.MapFS) fstest.MapFS {
	files["makecomapp.json"] = file(`{"generalCodeFiles":{"base":"base"},"components":{` + components + `}}`)
	return files
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// action is an app with one action, whose communication and form are given.
func action(api, form string) fstest.MapFS {
	return project(`"module":{"get":{"label":"Get a thing","moduleType":"action","codeFiles":{"communication":"get","mappableParams":"form"}}}`,
		fstest.MapFS{"base": file(`{"baseUrl":"https://api.example.com"}`), "get": file(api), "form": file(form)})
}

// large is an app of many modules, each with twenty expressions and twenty fields.
func large(modules int) fstest.MapFS {
	files := fstest.MapFS{"base": file(`{"baseUrl":"https://api.example.com"}`)}
	for i := range modules {
		files[fmt.Sprintf("api%d", i)] = file(`{"url":"/{{parameters.id}}","qs":{` +
			repeat(19, ",", func(j int) string { return fmt.Sprintf(`"q%d":"{{parameters.other%d}}"`, j, j) }) + `},"response":{"output":"{{body}}"}}`)
		files[fmt.Sprintf("form%d", i)] = file(`[` + repeat(20, ",", func(j int) string { return fmt.Sprintf(`{"name":"field%d","type":"text","label":"Field"}`, j) }) + `]`)
	}
	return project(`"module":{`+repeat(modules, ",", func(i int) string {
		return fmt.Sprintf(`"getThing%d":{"label":"Get thing","moduleType":"action","codeFiles":{"communication":"api%d","mappableParams":"form%d"}}`, i, i, i)
	})+`}`, files)
}

// wide is an app with one request of many query members.
func wide(members int) fstest.MapFS {
	return action(`{"url":"/","qs":{`+repeat(members, ",", func(i int) string { return fmt.Sprintf(`"q%d":"{{parameters.f%d}}"`, i, i) })+`}}`, `[]`)
}

// absurd are apps that no person writes, each large in one way.
func absurd() map[string]fstest.MapFS {
	name := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	temp := `"t%d":"{{temp.t%[1]d}}{{item.t%[1]d}}"`
	return map[string]fstest.MapFS{
		"modules":    large(2000),
		"members":    wide(100_000),
		"bare":       project(`"module":{`+repeat(50_000, ",", name(`"m%d":{"label":"M","moduleType":"responder"}`))+`}`, fstest.MapFS{}),
		"webhooks":   project(`"webhook":{`+repeat(50_000, ",", name(`"w%d":{"label":"W","webhookType":"web"}`))+`}`, fstest.MapFS{}),
		"temp":       action(`{"url":"/","temp":{`+repeat(30_000, ",", name(temp))+`}}`, `[]`),
		"fields":     action(`{"url":"/","qs":{`+repeat(20_000, ",", name(`"q%d":"{{parameters.fielt%[1]d}}"`))+`}}`, `[`+repeat(20_000, ",", name(`{"name":"field%d","type":"buffer"}`))+`]`),
		"one text":   action(`{"url":"`+repeat(50_000, "", name(`{{x%d}}`))+`"}`, `[]`),
		"requests":   action(`[`+repeat(30_000, ",", name(`{"url":"/{{item.a%d}}","unknown":1}`))+`]`, `[]`),
		"directives": action(`{`+repeat(100_000, ",", name(`"pageination%d":1`))+`}`, `[]`),
		"pages":      action(`{"url":"/","qs":{`+repeat(50_000, ",", name(`"q%d":"1"`))+`},"pagination":{"qs":{`+repeat(50_000, ",", name(`"q%d":"1"`))+`}}}`, `[]`),
		"sanitize": project(`"module":{}`, fstest.MapFS{"base": file(`{"headers":{` + repeat(30_000, ",", name(`"a%d-token":"{{x}}"`)) + `},"log":{"sanitize":[` +
			repeat(30_000, ",", name(`"request.headers.b%d"`)) + `]}}`)}),
	}
}

// TestAbsurdAppsEndQuickly gives each app far more time than its size needs, and far less
// than the square of its size.
func TestAbsurdAppsEndQuickly(t *testing.T) {
	t.Parallel()
	for name, files := range absurd() {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
			defer stop()
			a, loaded, err := app.LoadFS(files, ".")
			if err != nil {
				t.Fatal(err)
			}
			found, err := lint.Check(ctx, a, loaded, lint.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) > 3*lint.MaxFindings {
				t.Errorf("%d findings", len(found))
			}
			for _, d := range found {
				if ctx.Err() != nil {
					t.Fatal("the findings are not written in time")
				}
				_ = d.String()
			}
		})
	}
}

func TestFindingsHaveAnEnd(t *testing.T) {
	t.Parallel()
	a, loaded, err := app.LoadFS(large(120), ".")
	if err != nil {
		t.Fatal(err)
	}
	var rest []string
	shown := map[string]int{}
	for _, d := range lint.App(a, loaded, lint.Options{}) {
		if shown[d.Code]++; d.Code == "LIM001" {
			rest = append(rest, d.Error())
		}
	}
	want := `1400 more findings of PAR037 are not shown
1400 more findings of VAR003 are not shown
makecomapp.json: 20 more findings of INT001 are not shown
makecomapp.json: 20 more findings of NAM001 are not shown
makecomapp.json: 20 more findings of NAM003 are not shown`
	if got := strings.Join(rest, "\n"); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if shown["VAR003"] != lint.MaxOfRule || shown["NAM003"] != lint.MaxAlike {
		t.Errorf("shown are %v", shown)
	}
}

// ends is a context that ends when it was asked as often.
type ends struct {
	context.Context
	left int
}

func (e *ends) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestCheckStopsBetweenComponents(t *testing.T) {
	t.Parallel()
	a, loaded, err := app.LoadFS(large(3), ".")
	if err != nil {
		t.Fatal(err)
	}
	for left := range 10 {
		found, err := lint.Check(&ends{t.Context(), left}, a, loaded, lint.Options{})
		if !errors.Is(err, context.Canceled) || found != nil {
			t.Fatalf("after %d components: %v and %d findings", left, err, len(found))
		}
	}
}

func BenchmarkLintLarge(b *testing.B) {
	for name, files := range map[string]fstest.MapFS{"modules=2000": large(2000), "members=100000": wide(100_000)} {
		a, loaded, err := app.LoadFS(files, ".")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var found source.Diagnostics
			for b.Loop() {
				found = lint.App(a, loaded, lint.Options{})
			}
			b.ReportMetric(float64(len(found)), "findings")
		})
	}
}
