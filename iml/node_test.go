package iml

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
)

// differences are the cases in which this implementation deliberately gives something
// else than Node, Moment and decimal.js. An entry that means no case fails.
var differences = []struct {
	reason string
	means  func(c nodeCase) bool
}{
	{"the engine of regular expressions keeps what a group found in an earlier round of a repetition around it; no pattern of an app needs it",
		func(c nodeCase) bool {
			pattern := c.args.Array().At(1).Str()
			return pattern == "/(a|(b))+/" && c.args.Array().At(2).Str() == "[$2]" || pattern == "/(z)((a+)?(b+)?(c))*/"
		}},
}

// nodeCase is one line of testdata/node.json, which the program in ../testdata/gen
// computes with Node.
type nodeCase struct {
	group, function string
	args            value.Value
	zone            string
	want            value.Value
}

func (c nodeCase) String() string {
	return fmt.Sprintf("%s%s %s", c.function, c.args.AppendJSON(nil), c.zone)
}

func TestNodeGivesTheSame(t *testing.T) {
	t.Parallel()
	now, cases := readNodeCases(t)
	met := make([]int, len(differences))
	groups := map[string]int{}
	for _, c := range cases {
		groups[c.group]++
		got, err := evaluateNodeCase(c, now)
		same := sameAsNode(got, err, c.want)
		if i := differenceOf(c); i >= 0 {
			if !same {
				met[i]++
			}
			continue
		}
		if !same {
			t.Errorf("%s\n got %s %v\nwant %s", c, got.AppendJSON(nil), err, c.want.AppendJSON(nil))
		}
	}
	for i, n := range met {
		if n == 0 {
			t.Errorf("no case differs any more: %s", differences[i].reason)
		}
	}
	if len(cases) < 2000 || len(groups) < 8 {
		t.Errorf("%d cases in %d groups are too few", len(cases), len(groups))
	}
}

func differenceOf(c nodeCase) int {
	for i, d := range differences {
		if d.means(c) {
			return i
		}
	}
	return -1
}

func readNodeCases(t *testing.T) (now time.Time, cases []nodeCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/node.json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := value.ParseJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	if now, err = time.Parse(time.RFC3339, file.Member("now").Str()); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Member("cases").Array().Items() {
		cases = append(cases, nodeCase{c.Member("g").Str(), c.Member("f").Str(), fromNode(t, c.Member("a")), c.Member("z").Str(), fromNode(t, c.Member("w"))})
	}
	return now, cases
}

// fromNode replaces the forms in which JSON holds what it does not know.
func fromNode(t *testing.T, v value.Value) value.Value {
	t.Helper()
	if list := v.Array(); list != nil {
		items := make([]value.Value, list.Len())
		for i, item := range list.Items() {
			items[i] = fromNode(t, item)
		}
		return value.List(items...)
	}
	switch {
	case !v.Member("$date").IsUndefined():
		at, ok := detect(v.Member("$date").Str(), time.UTC, time.Time{})
		if !ok {
			t.Fatalf("%s is no date", v.Member("$date").Str())
		}
		return value.Time(at)
	case !v.Member("$number").IsUndefined():
		return value.Number(value.ParseNumber(v.Member("$number").Str()))
	case !v.Member("$buffer").IsUndefined():
		b, err := base64.StdEncoding.DecodeString(v.Member("$buffer").Str())
		if err != nil {
			t.Fatal(err)
		}
		return value.Buffer(b)
	}
	return v
}

func evaluateNodeCase(c nodeCase, now time.Time) (value.Value, error) {
	names := make([]string, c.args.Array().Len())
	for i := range names {
		names[i] = fmt.Sprintf("a[%d]", i+1)
	}
	text := c.function + "(" + strings.Join(names, ", ") + ")"
	if Builtins().Lookup(c.function) == nil {
		text = strings.Join(names, " "+c.function+" ")
	}
	program, found := Compile("{{"+text+"}}", Options{})
	if found.Err() != nil {
		return value.Undefined, found.Err()
	}
	scope := NewScope()
	scope.Set("a", c.args)
	return program.Eval(&Env{Scope: scope, Timezone: c.zone, Now: func() time.Time { return now }})
}

func sameAsNode(got value.Value, err error, want value.Value) bool {
	if !want.Member("$error").IsUndefined() {
		return err != nil
	}
	if err != nil || got.Kind() != want.Kind() {
		return false
	}
	switch got.Kind() {
	case value.KindNumber:
		return got.Float() == want.Float() || math.IsNaN(got.Float()) && math.IsNaN(want.Float())
	case value.KindBuffer:
		return bytes.Equal(got.Bytes(), want.Bytes())
	}
	return bytes.Equal(got.AppendJSON(nil), want.AppendJSON(nil))
}
