package lint

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wording checks what people read of a field.
func (p *pass) wording(f field) {
	if f.label != "" && !slices.Contains(display, f.kind) {
		if wrong := labelFaults(f.label); len(wrong) > 0 {
			p.report("PAR033", f.code, f.at("label"), "the label "+strings.Join(wrong, ", and "), "labels are short, in sentence case: Due date")
		}
	}
	p.help(f)
	p.pattern(f)
	if f.kind == "array" {
		p.arrayLabels(f)
	}
}

// display are the types that only show something.
var display = []string{"banner", "html", "markdown", "separator", "hidden"}

// common are words that are no names, so that only the start of a label capitals them.
var common = strings.Fields("Name Names Date Dates Type Types Number Numbers Address Addresses Code Codes Message Messages Title Titles Status Time Text Description List Amount Count Format Fields Size Color Colour Value Values Options Content Order Language Filter Limit")

// labelFaults are what is wrong with a label, as ends of "the label …".
func labelFaults(label string) (faults []string) {
	words := strings.Fields(label)
	if len(words) == 0 {
		return nil
	}
	if start, _ := utf8.DecodeRuneInString(words[0]); unicode.IsLower(start) && strings.ToLower(words[0]) == words[0] {
		faults = append(faults, "begins in lower case")
	}
	if slices.ContainsFunc(words[1:], func(w string) bool { return slices.Contains(common, w) }) {
		faults = append(faults, "has capitals inside")
	}
	if slices.Contains([]string{"the", "a", "an"}, strings.ToLower(words[0])) && len(words) > 1 && words[0] != "A" {
		faults = append(faults, "begins with an article")
	}
	if strings.ContainsAny(label[len(label)-1:], ".:;,!") {
		faults = append(faults, "ends with a punctuation mark")
	}
	if n := len(strings.Fields(parenthesized.ReplaceAllString(label, ""))); n > 3 {
		faults = append(faults, "has more than three words")
	}
	return faults
}

var parenthesized = regexp.MustCompile(`\([^)]*\)`)

// help: what needs a format says which; a help says more than the label, in sentences.
func (p *pass) help(f field) {
	formatted := slices.Contains([]string{"json", "timestamp", "time", "cert", "pkey"}, f.kind) || f.node.Has("pattern") || f.node.Get("validate").Has("pattern")
	help := strings.TrimSpace(f.help)
	switch {
	case help == "" && f.required() && formatted:
		p.report("PAR031", f.code, f.node, "the field wants a format and its help does not say which", "give an example in help")
	case help == "":
	case f.label != "" && plain(help) == plain(f.label):
		p.report("PAR032", f.code, f.at("help"), "the help says what the label says", "tell more, or take it out")
	case !ended.MatchString(help):
		p.report("PAR032", f.code, f.at("help"), "the help does not end with a full stop", "")
	}
}

// pattern: one that is not anchored is content with a part of the text; a repetition of what
// repeats itself tries every way to divide it.
func (p *pass) pattern(f field) {
	at := first(f.node.Get("validate").Get("pattern"), f.node.Get("pattern"))
	pattern, ok := at.Str()
	switch {
	case !ok || pattern == "":
	case backtracking.MatchString(pattern):
		p.report("PAR015", f.code, at, "a repetition inside a repetition takes very long for some texts", "say what may not follow")
	case !strings.HasPrefix(pattern, "^") && !strings.HasSuffix(pattern, "$"):
		p.report("PAR015", f.code, at, "the pattern is not anchored: a part of the text is enough", "write ^ before it and $ behind it")
	}
}

// ended are the ends of a text that is complete: a mark, a link, a piece of code, an example.
var ended = regexp.MustCompile("(?:[.!?:…)\\]}`\"'>*_|]|https?://\\S+)$")

// plain is a text without what makes no difference to its sense.
func plain(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "the" || w == "a" || w == "an" || w == "your" }), " ")
}

// plurals are those without an s at the end.
var plurals = regexp.MustCompile(`(?i)(?:s|data|metadata|media|people|children|criteria|content|info|information|json|list|array|params|history|feedback|payload|text|ids?)$`)

func (p *pass) arrayLabels(f field) {
	var wrong []string
	words := strings.Fields(parenthesized.ReplaceAllString(f.label, ""))
	if len(words) > 0 && !slices.ContainsFunc(words, plurals.MatchString) {
		wrong = append(wrong, "its label is no plural")
	}
	labels := f.node.Get("labels")
	if _, primitive := f.node.Get("spec").Get("type").Str(); !labels.Has("item") && !primitive {
		wrong = append(wrong, "labels.item is missing")
	}
	if !labels.Has("add") {
		wrong = append(wrong, "labels.add is missing")
	}
	if len(wrong) > 0 {
		p.report("PAR034", f.code, f.at("label"), "an array of which people see little: "+strings.Join(wrong, ", "), `write "labels": {"add": "Add an item", "item": "Item"}`)
	}
}
