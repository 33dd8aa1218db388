package cli

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// TestDeployNamesSettings looks every setting up that the files of deploy/ and the guide
// name, as a flag or as a variable.
func TestDeployNamesSettings(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"CLEAT_HOME": true, "CLEAT_EGRESS_ALLOW": true, secretVariable: true}
	newServe(&factory{}).Flags().VisitAll(func(f *pflag.Flag) {
		known["--"+f.Name] = true
		known[variableOf(f.Name)] = true
	})
	newRoot(&factory{}).PersistentFlags().VisitAll(func(f *pflag.Flag) { known["--"+f.Name] = true })
	variable := regexp.MustCompile(`\bCLEAT_[A-Z_]+\b`)
	flag := regexp.MustCompile(`cleat serve((?: --?[a-z.-]+(?:[ =][^ -]\S*)?)+)`)
	one := regexp.MustCompile(`--[a-z.-]+`)
	for _, name := range []string{"cleat.service", "Dockerfile", "compose.yaml", "nats.conf", "../docs/server.md"} {
		text := readDeploy(t, name)
		names := variable.FindAllString(text, -1)
		for _, command := range flag.FindAllString(text, -1) {
			names = append(names, one.FindAllString(command, -1)...)
		}
		for _, found := range names {
			if !known[found] {
				t.Errorf("%s names %s, and there is no such setting", name, found)
			}
		}
	}
}

func readDeploy(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// service is what matters of a service of compose.yaml.
type service struct {
	Image, User string
	Build       struct{ Context, Dockerfile string }
	Command     []string
	Environment map[string]string
	Volumes     []string
	Networks    []string
	Secrets     []string
	Healthcheck struct{ Test []string }
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	ReadOnly    bool                                  `yaml:"read_only"`
}

func TestComposeHoldsTogether(t *testing.T) {
	t.Parallel()
	var file struct {
		Services          map[string]service
		Networks, Volumes map[string]any
		Secrets           map[string]struct{ File string }
	}
	if err := yaml.Unmarshal([]byte(readDeploy(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(file.Services)); strings.Join(got, " ") != "cleat-1 cleat-2 nats-1 nats-2 nats-3 nats-volumes postgres" {
		t.Fatalf("the services are %s", got)
	}
	for name, s := range file.Services {
		for _, network := range s.Networks {
			if _, ok := file.Networks[network]; !ok {
				t.Errorf("%s: there is no network %s", name, network)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[from]; !ok && !strings.HasPrefix(from, "./") {
				t.Errorf("%s: there is no volume %s", name, from)
			}
		}
		for on, d := range s.DependsOn {
			if other, ok := file.Services[on]; !ok || d.Condition == "service_healthy" && len(other.Healthcheck.Test) == 0 {
				t.Errorf("%s waits for %s, which tells nothing", name, on)
			}
		}
		if strings.HasPrefix(name, "cleat-") {
			checkNode(t, name, s, file.Secrets["keyset"].File)
		}
		if strings.HasPrefix(name, "nats-") && name != "nats-volumes" && (s.User == "" || s.User == "0:0" || !s.ReadOnly || !slices.Contains(s.Command, name)) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	config := readDeploy(t, "nats.conf")
	for _, want := range []string{"sync_interval: always", "nats://nats-1:6222", "nats://nats-2:6222", "nats://nats-3:6222", `store_dir: "/data"`} {
		if !strings.Contains(config, "  "+want+"\n") {
			t.Errorf("nats.conf says nothing of %s", want)
		}
	}
}

// checkNode reads the settings of a node as cleat serve does.
func checkNode(t *testing.T, name string, s service, keyset string) {
	t.Helper()
	if keyset != "secrets/keyset.json" || !slices.Contains(s.Secrets, "keyset") || s.Environment["CLEAT_KEYSET"] != "/run/secrets/keyset" {
		t.Errorf("%s: the keyset is at %s", name, keyset)
	}
	home := t.TempDir()
	code, text := cleatIn(t, home, "keys", "new")
	if err := os.WriteFile(filepath.Join(home, "k.json"), []byte(text), 0o600); code != exitDone || err != nil {
		t.Fatal(code, err)
	}
	filled := strings.NewReplacer("${POSTGRES_PASSWORD:?}", "hunter2", "${CLEAT_PUBLIC_URL:-http://localhost:8480}", "http://localhost:8480", "${CLEAT_TRUSTED_PROXIES:-}", "")
	cmd := exec.CommandContext(t.Context(), "cleat", "serve", "--print-config")
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+home)
	for variable, value := range s.Environment {
		cmd.Env = append(cmd.Env, variable+"="+filled.Replace(value))
	}
	cmd.Env = append(cmd.Env, "CLEAT_KEYSET="+filepath.Join(home, "k.json"))
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "hunter2") || strings.Contains(string(out), "${") {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}

// TestDockerfile keeps the image what it is meant to be.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	text := readDeploy(t, "Dockerfile")
	_, image, found := strings.Cut(text, "\nFROM scratch\n")
	if !found || strings.Contains(image, "RUN") {
		t.Fatal("the image is not from scratch")
	}
	for _, want := range []string{"ENV CGO_ENABLED=0\n", `RUN go build -trimpath -buildvcs=false -ldflags "-s -w" -o /out/cleat ./cmd/cleat` + "\n",
		"/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n", "USER 65532:65532\n", "STOPSIGNAL SIGTERM\n", "ENTRYPOINT [\"/cleat\"]\nCMD [\"serve\"]\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile has no line %q", want)
		}
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))
	if version == nil || !strings.Contains(text, "FROM golang:"+version[1]+"-") {
		t.Errorf("the Dockerfile does not build with the Go of go.mod: %s", version)
	}
}

// TestUnit reads the systemd unit: what hardens it is there, and systemd understands it.
func TestUnit(t *testing.T) {
	t.Parallel()
	text := readDeploy(t, "cleat.service")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !regexp.MustCompile(`^(\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*)$`).MatchString(line) {
			t.Errorf("the line %q is none of a unit", line)
		}
	}
	for _, want := range []string{"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "DynamicUser=yes", "StateDirectory=cleat",
		"StateDirectoryMode=0700", "Environment=CLEAT_HOME=/var/lib/cleat", "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes", "RestrictNamespaces=yes", "SystemCallArchitectures=native", "TimeoutStopSec=40s"} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the unit has no line %s", want)
		}
	}
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("without systemd-analyze only the lines are checked")
		return
	}
	// It also wants to find the program.
	program, err := exec.LookPath("cleat")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "cleat.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(text, "/usr/local/bin/cleat", program, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), systemd, "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(out), unit+":") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
