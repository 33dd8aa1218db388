package form_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

func newFile(text string) *source.File { return source.NewFile("form.json", []byte(text)) }

func parsed(t testing.TB, text string) *form.Form {
	t.Helper()
	f, found := form.Parse(newFile(text))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

func collection(t testing.TB, text string) *value.Collection {
	t.Helper()
	v, err := value.ParseJSON([]byte(text))
	if err != nil || v.Collection() == nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v.Collection()
}

// outcome is the result as JSON, or the codes with their paths.
func outcome(made *value.Collection, report form.Report) string {
	if len(report.Problems) == 0 {
		return string(value.FromCollection(made).AppendJSON(nil))
	}
	return codes(report.Problems)
}

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func TestConvertByType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ field, given, want string }{
		{`"type":"text"`, `"a"`, `{"x":"a"}`},
		{`"type":"text"`, `1e21`, `{"x":"1e+21"}`},
		{`"type":"text"`, `true`, `{"x":"true"}`},
		{`"type":"text"`, `["a"]`, `type x`},
		{`"type":"text","tags":"strip"`, `"a <b>c</b> <d"`, `{"x":"a c <d"}`},
		{`"type":"text","tags":"stripall"`, `"a <b>c</b> <d"`, `{"x":"a c "}`},
		{`"type":"text","tags":"escape"`, `"a & <b>"`, `{"x":"a &amp; &lt;b&gt;"}`},
		{`"type":"text","tags":"strip","validate":{"max":1}`, `"<b>c</b>"`, `{"x":"c"}`},
		{`"type":"text","validate":{"min":2,"max":3}`, `"a"`, `minLength x`},
		{`"type":"text","validate":{"min":2,"max":3}`, `"aé😀"`, `maxLength x`},
		{`"type":"text","validate":{"enum":["a"]}`, `"b"`, `enum x`},
		{`"type":"text","validate":{"pattern":"^\\d+$"}`, `12`, `{"x":"12"}`},
		{`"type":"text","validate":{"pattern":"(?<!a)b"}`, `"ab"`, `pattern x`},
		{`"type":"text","pattern":"^a"`, `"b"`, `pattern x`},
		{`"type":"text","validate":false,"required":true`, `""`, `required x`},
		{`"type":"password"`, `"a"`, `{"x":"a"}`},
		{`"type":"email"`, `"a.b+c@d-e.co"`, `{"x":"a.b+c@d-e.co"}`},
		{`"type":"email"`, `"a b@c.d"`, `format x`},
		{`"type":"email"`, `"a@b@c.d"`, `format x`},
		{`"type":"url"`, `"http://a.b/c?d"`, `{"x":"http://a.b/c?d"}`},
		{`"type":"url"`, `"example.com/a"`, `format x`},
		{`"type":"url"`, `"/a"`, `format x`},
		{`"type":"filename","extension":["pdf",".doc"]`, `"a.DOC"`, `{"x":"a.DOC"}`},
		{`"type":"filename","extension":"pdf"`, `".pdf"`, `format x`},
		{`"type":"filename"`, `"a"`, `{"x":"a"}`},
		{`"type":"color"`, `"#aBc"`, `{"x":"#aBc"}`},
		{`"type":"color"`, `"#abcdeg"`, `format x`},
		{`"type":"number"`, `" -1.5e3 "`, `{"x":-1500}`},
		{`"type":"number"`, `"0x10"`, `type x`},
		{`"type":"number"`, `"1,000"`, `type x`},
		{`"type":"number"`, `"1e999"`, `type x`},
		{`"type":"number"`, `"12345678901234567890"`, `{"x":12345678901234567890}`},
		{`"type":"number","validate":{"min":0,"max":1}`, `2`, `max x`},
		{`"type":"integer"`, `"-3"`, `{"x":-3}`},
		{`"type":"integer"`, `"3.5"`, `type x`},
		{`"type":"uinteger"`, `"-3"`, `type x`},
		{`"type":"port"`, `0`, `min x`},
		{`"type":"port"`, `65535`, `{"x":65535}`},
		{`"type":"boolean"`, `0`, `{"x":true}`},
		{`"type":"boolean"`, `"no"`, `{"x":true}`},
		{`"type":"boolean"`, `"false"`, `{"x":false}`},
		{`"type":"boolean"`, `[]`, `{"x":true}`},
		{`"type":"checkbox"`, `null`, `{"x":false}`},
		{`"type":"date"`, `"2026-01-31"`, `{"x":"2026-01-31T00:00:00.000Z"}`},
		{`"type":"date"`, `"31. 1. 2026"`, `{"x":"2026-01-31T00:00:00.000Z"}`},
		{`"type":"date"`, `"01/31/2026"`, `{"x":"2026-01-31T00:00:00.000Z"}`},
		{`"type":"date"`, `"2026-01-31 09:30:15"`, `{"x":"2026-01-31T09:30:15.000Z"}`},
		{`"type":"date"`, `"2026-01"`, `type x`},
		{`"type":"date"`, `"10:00"`, `type x`},
		{`"type":"date"`, `9e15`, `type x`},
		{`"type":"date","time":false`, `"2026-01-31T23:59:59Z"`, `{"x":"2026-01-31T00:00:00.000Z"}`},
		{`"type":"date","validate":{"min":"2026-02-01"}`, `"2026-01-31"`, `min x`},
		{`"type":"date","validate":{"max":"2026-01-01"}`, `"2026-01-31"`, `max x`},
		{`"type":"date","validate":{"past":false}`, `"2026-06-15T11:59:59Z"`, `min x`},
		{`"type":"date","time":false,"validate":{"past":false}`, `"2026-06-15"`, `{"x":"2026-06-15T00:00:00.000Z"}`},
		{`"type":"time"`, `"23:59:59.9"`, `{"x":"23:59:59.9"}`},
		{`"type":"time"`, `"9:00"`, `format x`},
		{`"type":"time"`, `900`, `type x`},
		{`"type":"timestamp"`, `"1700000000"`, `{"x":1700000000}`},
		{`"type":"timestamp"`, `1.5`, `format x`},
		{`"type":"timestamp"`, `true`, `format x`},
		{`"type":"timezone"`, `"Europe/Prague"`, `{"x":"Europe/Prague"}`},
		{`"type":"timezone"`, `"Mars/Base"`, `format x`},
		{`"type":"select","options":[{"value":1}]`, `"1"`, `option x`},
		{`"type":"select","options":[{"value":{"a":1}}]`, `{"a":1}`, `{"x":{"a":1}}`},
		{`"type":"select","options":"rpc://a"`, `"?"`, `{"x":"?"}`},
		{`"type":"select","multiple":true,"options":[{"value":"a"}]`, `"a"`, `{"x":["a"]}`},
		{`"type":"select","multiple":true,"options":[{"value":"a"}]`, `["a","b"]`, `option x`},
		{`"type":"select","multiple":true,"options":[{"value":"a"}],"validate":{"minItems":2}`, `["a"]`, `minItems x`},
		{`"type":"select","multiple":true,"spec":{"type":"number"},"options":[{"value":"1"},{"value":"2"}]`, `["1","2"]`, `{"x":[1,2]}`},
		{`"type":"radio","grouped":true,"options":[{"label":"G","options":[{"value":"a"}]},{"value":"b"}]`, `"b"`, `{"x":"b"}`},
		{`"type":"array"`, `"a"`, `{"x":["a"]}`},
		{`"type":"array"`, `[1,[2]]`, `type x[1]`},
		{`"type":"array","spec":{"type":"number","required":true}`, `["1",""]`, `required x[1]`},
		{`"type":"array","spec":{"type":"array","spec":{"type":"number"}}`, `[["1"],["a"]]`, `type x[1][0]`},
		{`"type":"array","spec":[{"name":"n","type":"number"}]`, `[{"n":"1","m":"2"},3]`, `type x[1]`},
		{`"type":"array","validate":{"enum":["a"]}`, `["a","b"]`, `enum x[1]`},
		{`"type":"array","validate":{"unique":true}`, `["a","b","a","a"]`, `unique x[2], unique x[3]`},
		{`"type":"array","validate":{"unique":{"by":"k"}},"spec":[{"name":"k","type":"text"}]`, `[{"k":""},{"k":"a"},{},{"k":"a"}]`, `unique x[3]`},
		{`"type":"array","spec":[{"name":"k","type":"text","required":true},{"name":"c","type":"collection","spec":[{"name":"d","type":"text","required":true}]}]`,
			`[{"k":""},{"c":{"d":""}}]`, `required x[1].c.d`},
		{`"type":"array"`, `[]`, `{}`},
		{`"type":"collection","spec":[{"name":"n","type":"number"}]`, `{"m":"1","n":"2"}`, `{"x":{"m":"1","n":2}}`},
		{`"type":"collection","sequence":true,"spec":[{"name":"n","type":"number"}]`, `{"m":"1","n":"2"}`, `{"x":{"n":2,"m":"1"}}`},
		{`"type":"collection","spec":[{"name":"a.b c","type":"number"}]`, `{"a.b c":"?"}`, "type x.`a.b c`"},
		{`"type":"dynamicCollection"`, `{"m":1}`, `{"x":{"m":1}}`},
		{`"type":"filter"`, `[[{"a":"b","o":"exist"}]]`, `{"x":[[{"a":"b","o":"exist"}]]}`},
		{`"type":"filter","options":{"logic":"or"}`, `[{"a":"b","o":"like","b":1}]`, `enum x[0].o`},
		{`"type":"filter"`, `{"a":"b"}`, `type x`},
		{`"type":"folder","options":[{"value":"a"},{"value":"f","file":true}]`, `"/a"`, `{"x":"/a"}`},
		{`"type":"folder","options":[{"value":"a"},{"value":"f","file":true}]`, `"/f"`, `option x`},
		{`"type":"file","options":"rpc://a"`, `"/a/b"`, `{"x":"/a/b"}`},
		{`"type":"buffer"`, `"é"`, `{"x":"w6k="}`},
		{`"type":"buffer","codepage":"binary"`, `"é"`, `{"x":"6Q=="}`},
		{`"type":"buffer","codepage":"binary"`, `"Ω"`, `type x`},
		{`"type":"buffer","codepage":"utf16le"`, `"a"`, `{"x":"YQA="}`},
		{`"type":"buffer","codepage":"ebcdic"`, `"a"`, `type x`},
		{`"type":"json"`, `"{\"a\":1"`, `format x`},
		{`"type":"json"`, `{"a":1}`, `{"x":"{\"a\":1}"}`},
		{`"type":"json","schema":{"type":"array"}`, `"{}"`, `format x`},
		{`"type":"json","schema":{"type":"array"}`, `"[]"`, `{"x":"[]"}`},
		{`"type":"any"`, `[null]`, `{"x":[null]}`},
		{`"type":"hidden"`, `5`, `{"x":5}`},
		{`"type":"hidden","default":5`, `null`, `{}`},
		{`"type":"account:google"`, `"7"`, `{"x":7}`},
		{`"type":"scenario"`, `7`, `{"x":"7"}`},
		{`"type":"udttype"`, `"text"`, `{"x":"text"}`},
		{`"type":"udtspec"`, `"text"`, `type x`},
		{`"type":"uuid","disabled":true`, `"a"`, `{}`},
		{`"type":"text","visible":"{{false}}","required":true`, `""`, `{}`},
		{`"type":"text","visible":"{{x = 'a'}}"`, `"a"`, `{"x":"a"}`},
	} {
		f := parsed(t, `[{"name":"x",`+c.field+`}]`)
		got := outcome(f.Convert(context.Background(), collection(t, `{"x":`+c.given+`}`), form.Options{Now: func() time.Time { return noon }}))
		if got != c.want {
			t.Errorf("%s of %s\n got %s\nwant %s", c.given, c.field, got, c.want)
		}
	}
}

func TestConvertDatesInAZone(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"x","type":"date","time":false},{"name":"y","type":"date"}]`)
	for given, want := range map[string]string{
		`{"x":"2025-09-17"}`:           `{"x":"2025-09-16T22:00:00.000Z"}`,
		`{"x":"2025-09-17T23:30:00Z"}`: `{"x":"2025-09-17T22:00:00.000Z"}`,
		`{"y":"2025-12-01 09:00"}`:     `{"y":"2025-12-01T08:00:00.000Z"}`,
		`{"y":"2025-12-01T09:00:00Z"}`: `{"y":"2025-12-01T09:00:00.000Z"}`,
	} {
		if got := outcome(f.Convert(context.Background(), collection(t, given), form.Options{Timezone: "Europe/Prague"})); got != want {
			t.Errorf("%s gives %s, want %s", given, got, want)
		}
	}
}

func TestBuffersKnowTheirText(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"text","type":"text"},{"name":"buffer","type":"buffer","codepage":"utf8"}]`)
	for _, c := range []struct {
		name, want string
		given      value.Value
	}{
		{"text", `type text`, value.Buffer([]byte("a"))},
		{"text", `{"text":"é"}`, value.Encoded([]byte{0xE9}, "latin1")},
		{"text", `type text`, value.Encoded([]byte{0xE9}, "utf8")},
		{"buffer", `{"buffer":"w6k="}`, value.Encoded([]byte{0xE9}, "binary")},
		{"buffer", `{"buffer":"6Q=="}`, value.Buffer([]byte{0xE9})},
	} {
		values := value.NewCollection(1)
		values.Set(c.name, c.given)
		if got := outcome(f.Convert(context.Background(), values, form.Options{})); got != c.want {
			t.Errorf("%s of %q gives %s, want %s", c.name, c.given.Codepage(), got, c.want)
		}
	}
}

func TestEmptyValues(t *testing.T) {
	t.Parallel()
	const fields = `[{"name":"text","type":"text"},{"name":"date","type":"date"},{"name":"flag","type":"boolean"},{"name":"list","type":"array"},
		{"name":"many","type":"select","multiple":true,"options":[{"value":"a"}]},{"name":"group","type":"collection","spec":[{"name":"n","type":"text"}]}]`
	f := parsed(t, fields)
	empty := collection(t, `{"text":"","date":null,"flag":null,"list":[],"many":[],"group":{"n":""}}`)
	erased := value.NewCollection(6)
	for _, name := range f.Names() {
		erased.Set(name, value.Erase)
	}
	forced := value.NewCollection(3)
	forced.Set("text", value.EmptyString)
	forced.Set("list", form.EmptyArray())
	forced.Set("date", value.EmptyString)
	for _, c := range []struct {
		name   string
		values *value.Collection
		o      form.Options
		want   string
	}{
		{"platform 2", empty, form.Options{}, `{"group":{}}`},
		{"platform 1", empty, form.Options{Platform: 1}, `{"text":null,"date":null,"list":[],"many":[],"group":{"n":null}}`},
		{"absent", value.NewCollection(0), form.Options{}, `{}`},
		{"absent on platform 1", value.NewCollection(0), form.Options{Platform: 1}, `{"text":null,"date":null,"list":[],"many":[]}`},
		{"erased", erased, form.Options{Erase: true}, `{"text":null,"date":null,"list":[],"many":[],"group":{"n":null}}`},
		{"erased where that is not allowed", erased, form.Options{}, `erase text, erase date, erase flag, erase list, erase many, erase group`},
		{"forced by an expression", forced, form.Options{}, `{"text":"","list":[]}`},
	} {
		if got := outcome(f.Convert(context.Background(), c.values, c.o)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestARequiredFieldCannotBeErased(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		`[{"name":"x","type":"text","required":true}]`:                                                                       "required x",
		`[{"name":"x","type":"collection","spec":[{"name":"a","type":"text","required":true}]}]`:                             "required x.a",
		`[{"name":"x","type":"collection","spec":[{"name":"a","type":"array"},{"name":"b","type":"boolean"}]}]`:              `{"x":{"a":[]}}`,
		`[{"name":"x","type":"collection","spec":[{"name":"a","type":"collection","spec":[{"name":"n","type":"number"}]}]}]`: `{"x":{"a":{"n":null}}}`,
		`[{"name":"x","type":"dynamicCollection"}]`:                                                                          `{"x":{}}`,
		`[{"name":"x","type":"text","nested":[{"name":"y","type":"text","required":true}]}]`:                                 `{"x":null}`,
		`[{"name":"x","type":"text","default":"d"}]`:                                                                         `{"x":null}`,
	} {
		values := value.NewCollection(1)
		values.Set("x", value.Erase)
		if got := outcome(parsed(t, spec).Convert(t.Context(), values, form.Options{Erase: true})); got != want {
			t.Errorf("%s: got %s, want %s", spec, got, want)
		}
	}
}

func TestProblemsAreClearAndKeepSecrets(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"limit","type":"uinteger","validate":{"min":1}},
  {"name":"size","type":"select","options":[{"value":"s"},{"value":"m"}]},
  {"name":"apiToken","type":"email"},{"name":"key","type":"password","validate":{"pattern":"^k"}}]`)
	_, report := f.Convert(context.Background(), collection(t, `{"limit":0,"size":"xl","apiToken":"hush","key":"hush"}`), form.Options{})
	want := `validation failed for 4 parameters • limit: 0 is below the minimum 1 • size: "xl" is none of the options • ` +
		`apiToken: the value is no e-mail address • key: the text does not match the pattern ^k`
	if got := report.Problems.Error(); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	second := report.Problems[1]
	if got, want := fmt.Sprint(second.Field, " ", second.Hint), `form.json:2:3 it may be "s", "m"`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got, want := report.Problems[:1].Error(), `parameter "limit": 0 is below the minimum 1`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
