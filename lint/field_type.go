package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// fieldType checks that a field has the type that its name and texts speak of.
func (p *pass) fieldType(f field) {
	p.mode(f)
	p.dates(f)
	if nested := f.node.Get("options").Get("nested"); nested != nil && f.fed() {
		p.report("PAR024", f.code, nested, "options.nested of options that an RPC gives", "write the fields into placeholder.nested: they are there for a mapped value too")
	}
	if f.kind == "text" && !f.node.Has("options") && listsOptions(f.help) {
		p.report("PAR040", f.code, f.at("help"), "the help lists what can be chosen", "make it a select")
	}
}

// idName is a name of what holds the id of something.
var idName = regexp.MustCompile(`(?:^id|[a-z0-9]I[dD]|_id)$`)

// mode: in a module that reads or changes one thing, its id comes from an earlier module;
// where something is made, one chooses from what there is.
func (p *pass) mode(f field) {
	m := p.app.Module(f.code.Owner)
	if f.code.Kind != app.ModuleKind || f.code.Name != "expect" || m == nil || m.Type != app.Action || f.kind != "select" || !f.fed() || !idName.MatchString(f.name) {
		return
	}
	mode := f.node.Get("mode")
	edit := literal(mode) == "edit" || literal(mode) == "map"
	switch {
	case slices.Contains([]string{"read", "update", "delete"}, m.Crud) && mode == nil && !isFalse(f.node.Get("mappable")):
		p.report("PAR021", f.code, f.node, "the id comes from another module most of the time: mode is missing", `write "mode": "edit"`)
	case m.Crud == "create" && edit:
		p.report("PAR021", f.code, mode, "what is created belongs to something that people choose: mode is "+literal(mode), `leave mode out, or write "choose"`)
	}
	if edit && f.label != "" && !strings.Contains(f.label, "ID") {
		p.report("PAR033", f.code, f.at("label"), "the field opens for an id, and its label does not say ID", "write "+quote(f.label+" ID"))
	}
}

func isFalse(n *jsonc.Node) bool {
	b, ok := n.Bool()
	return ok && !b
}

var (
	// dateName is a name that ends as those of points in time do.
	dateName = regexp.MustCompile(`(?:[a-z0-9]Date|_date|^date|(?:ed|due|sent|starts?|ends?|expires)(?:At|On|_at|_on))$`)
	noDate   = regexp.MustCompile(`(?i)(?:based|supported|located|attached|allowed|needed)_?(?:at|on)$`)
	// dayFormat is a format that ends with the day.
	dayFormat = regexp.MustCompile(`(?i)y{4}([-./])mm[-./]dd(\b|$)`)
	hourOfDay = regexp.MustCompile(`(?i)\bhh|thh|\btime\b|\d{2}:\d{2}`)
)

// isDay reports whether a text speaks of days without hours.
func isDay(help string) bool { return dayFormat.MatchString(help) && !hourOfDay.MatchString(help) }

// dates: moments are dates, so that they come in every format; days without an hour must
// not become moments.
func (p *pass) dates(f field) {
	moment := dateName.MatchString(f.name) && !noDate.MatchString(f.name)
	switch {
	case f.kind == "text" && moment && !dayFormat.MatchString(f.help) && !f.node.Has("options"):
		p.report("PAR029", f.code, f.at("type"), quote(f.name)+" is a date by its name and a text by its type", `write "type": "date", or the format into the help`)
	case f.kind == "date" && isDay(f.help) && !isFalse(f.node.Get("time")):
		p.report("PAR029", f.code, f.at("type"), quote(f.name)+" is a day by its help and sent with a time", `write "time": false, and format it where it is sent`)
	}
}

// choices is a list of what may be written, in words.
var choices = regexp.MustCompile("(?i)(?:\\b(?:one of|(?:possible|allowed|valid|accepted|available|supported) (?:values|options)(?: are| include)?|options)\\b[^.\\w`'\"]*|^)" +
	"(?:[`'\"]?[\\w-]{1,24}[`'\"]?(?:\\s*\\|\\s*|\\s*,\\s*(?:(?:or|and)\\s+)?|\\s+or\\s+)){2,}[`'\"]?[\\w-]{1,24}[`'\"]?\\s*(?:\\.|$|\\()")

var severalWords = regexp.MustCompile(`(?i)comma|separated|e\.g\.|for example|such as`)

// listsOptions reports whether a help tells all values that may be given.
func listsOptions(help string) bool {
	at := choices.FindStringIndex(help)
	return at != nil && !severalWords.MatchString(help[:at[1]])
}
