package main

import (
	"strings"
	"testing"
)

func TestRunPrintsTheMediansAgainstCleat(t *testing.T) {
	in := `goos: linux
BenchmarkSign/cleat-2    1000    200 ns/op    10 B/op    3 allocs/op
BenchmarkSign/cleat-2    1000    100 ns/op    10 B/op    3 allocs/op
BenchmarkSign/cleat-2    1000    900 ns/op    10 B/op    3 allocs/op
BenchmarkSign/google_cel-go-2    1000    500 ns/op    10 B/op    7 allocs/op
BenchmarkOther-2    1000    1 ns/op
PASS
`
	var out strings.Builder
	if err := run(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := in + `
Sign                        ns/op    allocs/op  against cleat
  cleat                       200            3          1.00x
  google_cel-go               500            7          2.50x
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestRunFailsWithTheBenchmarks(t *testing.T) {
	if err := run(strings.NewReader("FAIL\tx\t0.1s\n"), &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}
