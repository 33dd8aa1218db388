package interop

import (
	"os"
	"os/exec"
	"testing"
)

// missing ends a test whose peer is not installed: CI installs it, so there it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing; `make peers` installs it", what)
	}
	t.Skipf("%s is missing; `make peers` installs it", what)
}

// python returns an interpreter that has oauthlib.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import oauthlib, jwt, cryptography").Run() == nil {
			return name
		}
	}
	missing(t, "python3-oauthlib")
	return ""
}

// node returns Node.js, if oauth-sign is installed for it.
func node(t *testing.T) string {
	t.Helper()
	name, err := exec.LookPath("node")
	if err != nil {
		missing(t, "Node.js")
	}
	if _, err := os.Stat("node_modules/oauth-sign"); err != nil {
		missing(t, "the npm package oauth-sign")
	}
	return name
}
