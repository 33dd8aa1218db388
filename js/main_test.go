package js_test

import (
	"os"
	"testing"

	"github.com/cleat-run/cleat/js"
)

func TestMain(m *testing.M) {
	js.ServeIfChild()
	if os.Args[0] == prisonerName {
		os.Exit(tryToEscape())
	}
	os.Exit(m.Run())
}
