package cli

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// factory hands commands what they work with. Flags of every command end here.
type factory struct {
	std Streams

	json     bool
	timezone string // IANA name, "" when none was given
	egress   []string
	trace    bool

	started bool // the command line was fine and the command runs
}

// globals adds the flags of every command. They are checked before the command begins.
func (f *factory) globals(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.BoolVar(&f.json, "json", false, "write JSON for programs")
	flags.StringVar(&f.timezone, "timezone", "", "time `zone` of dates, such as Europe/Prague (default UTC)")
	flags.StringSliceVar(&f.egress, "egress-allow", nil, "open `prefixes` of addresses that are not public, such as 127.0.0.0/8; also CLEAT_EGRESS_ALLOW")
	flags.BoolVar(&f.trace, "trace", false, "show each HTTP exchange on standard error, secrets masked")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if err := checkTimezone(f.timezone); err != nil {
			return err
		}
		if _, err := f.allowed(); err != nil {
			return err
		}
		f.started = true
		return nil
	}
}

func checkTimezone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return usagef("zones are named like Europe/Prague", "unknown time zone %q", name)
	}
	return nil
}

// env returns a variable of the environment, "" when it is not set.
func (f *factory) env(name string) string {
	if f.std.Env == nil {
		return ""
	}
	text, _ := f.std.Env(name)
	return text
}

// home returns the folder of connections, trigger state and keys: $CLEAT_HOME, else
// cleat in the user's configuration folder. It need not exist yet.
func (f *factory) home() (string, error) {
	if dir := f.env("CLEAT_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usagef("set CLEAT_HOME to a folder", "no place for connections: %v", err)
	}
	return filepath.Join(dir, "cleat"), nil
}

// allowed returns the prefixes of --egress-allow and CLEAT_EGRESS_ALLOW together.
func (f *factory) allowed() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range append(strings.Split(f.env("CLEAT_EGRESS_ALLOW"), ","), f.egress...) {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, err
		}
		list = append(list, prefix)
	}
	return list, nil
}

// parsePrefix reads a prefix, or an address, which stands for itself alone.
func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, usagef("write prefixes such as 127.0.0.0/8, separated by commas", "%q is no address prefix", text)
	}
	return prefix, nil
}
