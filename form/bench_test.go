package form_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// sixty is a form of 60 fields as apps have them, and values for all of them.
func sixty() (string, *value.Collection) {
	var fields []string
	values := value.NewCollection(60)
	for i := range 12 {
		fields = append(fields,
			fmt.Sprintf(`{"name":"text%d","type":"text","required":true,"validate":{"min":1,"max":100}}`, i),
			fmt.Sprintf(`{"name":"number%d","type":"uinteger","validate":{"max":1000}}`, i),
			fmt.Sprintf(`{"name":"choice%d","type":"select","options":[{"value":"a"},{"value":"b"},{"value":"c"}]}`, i),
			fmt.Sprintf(`{"name":"date%d","type":"date"}`, i),
			fmt.Sprintf(`{"name":"flag%d","type":"boolean","nested":[{"name":"more%d","type":"text"}]}`, i, i))
		values.Set(fmt.Sprintf("text%d", i), value.Text("some text"))
		values.Set(fmt.Sprintf("number%d", i), value.Text("42"))
		values.Set(fmt.Sprintf("choice%d", i), value.Text("c"))
		values.Set(fmt.Sprintf("date%d", i), value.Text("2026-01-31T10:00:00Z"))
		values.Set(fmt.Sprintf("flag%d", i), value.False)
	}
	return "[" + strings.Join(fields, ",") + "]", values
}

func BenchmarkConvert60(b *testing.B) {
	text, values := sixty()
	f, found := form.Parse(source.NewFile("expect.iml.json", []byte(text)))
	if found.Err() != nil {
		b.Fatal(found)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, report := f.Convert(context.Background(), values, form.Options{}); len(report.Problems) > 0 {
			b.Fatal(report.Problems)
		}
	}
}

func BenchmarkCheck60(b *testing.B) {
	text, values := sixty()
	for i := range 12 {
		values.Set(fmt.Sprintf("number%d", i), value.Int(42))
	}
	f, _ := form.Parse(source.NewFile("expect.iml.json", []byte(text)))
	b.ReportAllocs()
	for b.Loop() {
		if report := f.Check(context.Background(), values, form.Options{}); len(report.Problems) > 0 {
			b.Fatal(report.Problems)
		}
	}
}

func BenchmarkCompile60(b *testing.B) {
	text, _ := sixty()
	file := source.NewFile("expect.iml.json", []byte(text))
	b.ReportAllocs()
	for b.Loop() {
		form.Parse(file)
	}
}
