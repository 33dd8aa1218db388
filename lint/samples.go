package lint

import (
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// output checks what a module says of its bundles: interface and samples.
func (p *pass) output(m *app.Module) {
	root := filled(m.Interface)
	if root == nil {
		return
	}
	level(m.Interface, root, func(siblings []field) {
		for _, f := range siblings {
			p.outputField(f)
		}
	})
	if isText(m.Samples) {
		return
	}
	samples := filled(m.Samples)
	if samples == nil {
		p.meta("SAM001", m.Meta, "codeFiles", "the samples of "+quote(m.ID)+" are empty", "give one bundle, so that people can map before the first run")
		return
	}
	p.agree(m, root, samples)
	texts(samples, func(s *jsonc.Node) {
		if what := personal(s.Text); what != "" {
			p.report("SAM003", m.Samples, s, "the samples hold what looks like "+what, "make something up")
		}
	})
}

var momentName = regexp.MustCompile(`[a-z0-9](?:At|_at)$`)

func (p *pass) outputField(f field) {
	switch {
	case f.name == "__IMTLENGTH__" || f.name == "__IMTINDEX__":
		p.report("INT003", f.code, f.at("name"), f.name+" is added by itself", "take it out")
	case f.kind == "text" && momentName.MatchString(f.name) && !noDate.MatchString(f.name):
		p.report("INT002", f.code, f.at("type"), quote(f.name)+" is a date by its name and a text by its type", `write "type": "date", and parseDate in the output where it is no ISO 8601`)
	case f.kind == "password" || strings.EqualFold(f.name, "password"):
		p.report("INT005", f.code, f.node, "a password among what comes out: "+quote(f.name), "take it out of the output as well")
	}
	if f.name != "" && f.label == "" && f.name != "__IMTLENGTH__" && f.name != "__IMTINDEX__" {
		p.report("INT004", f.code, f.at("name"), quote(f.name)+" has no label", "")
	}
}

// agree compares the members of a sample with the fields of an interface: names, and what
// is a list, an object or one thing.
func (p *pass) agree(m *app.Module, fields, sample *jsonc.Node) {
	if !fields.Is(jsonc.Array) || !sample.Is(jsonc.Object) {
		return
	}
	kinds := map[string]string{}
	for _, element := range fields.Elements {
		if !element.Is(jsonc.Object) {
			return // an RPC adds fields
		}
		kinds[element.Get("name").Value().ToText()] = element.Get("type").Value().ToText()
	}
	for _, member := range sample.Members {
		kind, known := kinds[member.Name()]
		switch {
		case !known:
			p.report("SAM002", m.Samples, member.Key, "the interface has no field "+quote(member.Name()), "declare it, or take it out of the samples")
			return
		case kind == "array" && !member.Value.Is(jsonc.Array) && !member.Value.IsNull(), kind == "collection" && !member.Value.Is(jsonc.Object) && !member.Value.IsNull():
			p.report("SAM002", m.Samples, member.Value, quote(member.Name())+" is of the type "+kind+" in the interface, and another thing here", "")
			return
		}
	}
}

var (
	address = regexp.MustCompile(`(?i)\b[a-z0-9._%+-]+@((?:[a-z0-9-]+\.)+[a-z]{2,})\b`)
	madeUp  = regexp.MustCompile(`(?i)(?:^|\.)(?:example|test|acme|domain|company|mail|email|demo|sample|yourdomain|mydomain|somewhere|customer|client|business|corp)[a-z-]*\.|\.(?:test|example|invalid|localhost)$`)
	token   = regexp.MustCompile(`\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|\b(?:sk|pk|rk)_live_\w{16,}|\bgh[pousr]_\w{30,}|\bxox[abp]-\w{10,}|\bAKIA[0-9A-Z]{16}\b`)
)

// personal names what a text should not show, "" for nothing.
func personal(text string) string {
	if token.MatchString(text) {
		return "a token"
	}
	for _, m := range address.FindAllStringSubmatch(text, -1) {
		if !madeUp.MatchString(m[1]) {
			return "somebody's address"
		}
	}
	return ""
}
