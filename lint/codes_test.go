package lint_test

import (
	"os"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/lint"
)

// Every rule that the specifications name is here under some code, with a case that breaks
// it; what is not has its reason in the table.
func TestEveryCodeOfTheSpecificationsHasACase(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, test := range wrong {
		shown[test.rule] = true
	}
	for _, test := range connectionCases {
		for line := range strings.Lines(test.want) {
			shown[strings.Fields(line)[1]] = true
		}
	}
	described := describedCodes()
	count := 0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		count++
		switch code := fields[1]; {
		case code == "-" && len(fields) < 5:
			t.Errorf("%s is not checked, and no reason says why", fields[0])
		case code == "-":
		case !shown[code]:
			t.Errorf("%s, here %s, has no case", fields[0], code)
		case !described[code] && !ofOthers(code):
			t.Errorf("%s, here %s, is in no table", fields[0], code)
		}
	}
	if count < 200 {
		t.Errorf("the table has %d codes", count)
	}
}

// describedCodes are the codes of the tables of this package.
func describedCodes() map[string]bool {
	described := map[string]bool{}
	for _, r := range lint.Rules() {
		described[r.Code] = true
	}
	for _, scheme := range []app.Scheme{app.Basic, app.OAuth1, app.OAuth2} {
		for _, r := range lint.ConnectionRules(scheme) {
			described[r.Code] = true
		}
	}
	return described
}

// ofOthers reports whether a code belongs to another package, or is one of the lists of
// what a kind of connection does not have.
func ofOthers(code string) bool {
	for _, family := range []string{"MAN", "FMT", "IML", "PAR", "CN-E2", "O1-E", "O2-E"} {
		if strings.HasPrefix(code, family) {
			return true
		}
	}
	return false
}
