package app

import (
	"regexp"

	"github.com/cleat-run/cleat/source"
)

// patterns are the rules for ids (components.md 1.1). Those of connections and webhooks
// hold for local ids; Make makes the remote ones.
var patterns = map[Kind]*regexp.Regexp{
	ConnectionKind: regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z-]{1,33}[0-9a-zA-Z]$`),
	WebhookKind:    regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z-]{1,33}[0-9a-zA-Z]$`),
	ModuleKind:     regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z]{2,63}$`),
	RPCKind:        regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z]{2,63}$`),
	FunctionKind:   regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z]{1,94}[0-9a-zA-Z]$`),
	EndpointKind:   regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z]{1,126}[0-9a-zA-Z]$`),
}

// ValidID reports whether id may be the local id of a component of a kind.
func ValidID(kind Kind, id string) bool {
	pattern, ok := patterns[kind]
	return !ok || pattern.MatchString(id)
}

var idHints = map[Kind]string{
	ConnectionKind: "use 3 to 35 letters, digits and hyphens, a letter first",
	WebhookKind:    "use 3 to 35 letters, digits and hyphens, a letter first",
	ModuleKind:     "use 3 to 64 letters and digits, a letter first",
	RPCKind:        "use 3 to 64 letters and digits, a letter first",
	FunctionKind:   "use 3 to 96 letters and digits, a letter first",
	EndpointKind:   "use 3 to 128 letters and digits, a letter first",
}

// checkID reports an id at m that does not match the pattern of its kind.
func (l *loader) checkID(kind Kind, id string, m Meta) {
	if !ValidID(kind, id) {
		l.report(m, source.Error, "MAN006", string(kind)+" id "+quote(id)+" does not match "+patterns[kind].String(), idHints[kind])
	}
}
