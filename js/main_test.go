package js_test

import (
	"os"
	"testing"

	"github.com/cleat-run/cleat/js"
)

func TestMain(m *testing.M) {
	js.ServeIfChild()
	os.Exit(m.Run())
}
