package cli

import (
	"fmt"
	"path/filepath"
	"testing"
)

func environment(variables map[string]string) Streams {
	return Streams{Env: func(name string) (string, bool) { text, ok := variables[name]; return text, ok }}
}

func TestHomeIsTheFolderOfTheEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := &factory{std: environment(map[string]string{"CLEAT_HOME": dir})}
	if got, err := f.home(); err != nil || got != dir {
		t.Errorf("home %q, %v", got, err)
	}
	f = &factory{std: environment(nil)}
	if got, err := f.home(); err == nil && filepath.Base(got) != "cleat" {
		t.Errorf("home %q", got)
	}
}

func TestPrefixesComeFromFlagAndEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		variable string
		flag     []string
		want     string
	}{
		{"", nil, "[]"},
		{"127.0.0.0/8, 10.1.0.0/16", nil, "[127.0.0.0/8 10.1.0.0/16]"},
		{"127.0.0.0/8", []string{"::1"}, "[127.0.0.0/8 ::1/128]"},
		{"", []string{"192.168.1.7", ""}, "[192.168.1.7/32]"},
		{"", []string{"localhost"}, `"localhost" is no address prefix`},
		{"10.0.0.0/33", nil, `"10.0.0.0/33" is no address prefix`},
		{"fe80::1%eth0", nil, `"fe80::1%eth0" is no address prefix`},
	} {
		f := &factory{std: environment(map[string]string{"CLEAT_EGRESS_ALLOW": test.variable}), egress: test.flag}
		list, err := f.allowed()
		got := fmt.Sprint(list)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q and %q give %s, want %s", test.variable, test.flag, got, test.want)
		}
	}
}
