package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// names checks what modules and connections are called (docs: best-practices/naming).
func (p *pass) names() {
	for _, m := range p.app.Modules {
		p.moduleLabel(m)
		p.description(m)
		p.label(m.Meta, m.Label)
		p.identifier(m.Meta, m.ID)
	}
	for _, r := range p.app.RPCs {
		p.identifier(r.Meta, r.ID)
	}
	for _, f := range p.app.Functions {
		p.identifier(f.Meta, f.ID)
	}
	if len(p.app.Modules) > 10 && filled(p.app.Groups) == nil {
		p.meta("NAM007", p.app.Meta, "generalCodeFiles", "more than ten modules and no groups", "group them by what they work on, triggers first")
	}
	p.connectionLabels()
	p.labelCase()
}

var (
	plural = regexp.MustCompile(`(?i)(?:s|data|media|people|children|metadata|feedback|history|activity|responses?)$`)
	// things are actions on one thing, with the word behind the verb.
	things   = regexp.MustCompile(`^(?:Create|Update|Delete|Get|Add|Remove|Retrieve|Download|Upload)\s+([A-Za-z]+)`)
	articles = strings.Fields("a an the all my multiple many several one or and")
)

// moduleLabel: verb first; triggers and searches speak of many, actions of one.
func (p *pass) moduleLabel(m *app.Module) {
	words := strings.Fields(parenthesized.ReplaceAllString(m.Label, ""))
	if len(words) == 0 {
		return
	}
	many := slices.ContainsFunc(words[1:], plural.MatchString)
	say := func(message, hint string) { p.meta("NAM001", m.Meta, "label", quote(m.Label)+" "+message, hint) }
	switch m.Type {
	case app.Trigger, app.InstantTrigger:
		if words[0] != "Watch" || !many {
			say("does not say what is watched", "write Watch and a plural, such as Watch books")
		}
	case app.Search:
		if (words[0] == "List" || words[0] == "Search") && !many {
			say("speaks of one thing and finds many", "write a plural, such as List books")
		}
	case app.Action:
		if noun := things.FindStringSubmatch(m.Label); noun != nil && !many && !slices.Contains(articles, strings.ToLower(noun[1])) {
			say("has no article", "write a or an, such as Create a book")
		}
	}
}

var ofTrigger = regexp.MustCompile(`^Triggers (?:when|once|if|on|every|whenever|after|each)\b`)

// description: third person, a sentence; triggers say when.
func (p *pass) description(m *app.Module) {
	text := strings.TrimSpace(m.Description)
	if text == "" {
		return
	}
	say := func(message, hint string) { p.meta("NAM003", m.Meta, "description", message, hint) }
	verb, _, _ := strings.Cut(text, " ")
	switch trigger := m.Type == app.Trigger || m.Type == app.InstantTrigger; {
	case trigger && !ofTrigger.MatchString(text):
		say("the description does not say when it triggers", "begin it with Triggers when")
	case !trigger && imperative.MatchString(verb):
		say("the description is no third person: "+verb, "write "+verb+"s")
	case !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ".)"):
		say("the description does not end with a full stop", "")
	}
}

var imperative = regexp.MustCompile(`^(?:Add|Append|Archive|Cancel|Check|Convert|Count|Create|Delete|Download|Extract|Fetch|Find|Generate|Get|List|Look|Make|Merge|Move|Perform|Read|Remove|Rename|Render|Reply|Retrieve|Return|Run|Search|Send|Set|Split|Start|Stop|Update|Upload|Validate|Verify)$`)

var (
	abbreviation = regexp.MustCompile(`\b(?:Id|Ids|Url|Urls|Api|Vat|Pdf|Csv|Html|Json|Xml|Sms|Http)\b`)
	tag          = regexp.MustCompile(`\((?:Advanced|Beta|Deprecated|Legacy|ADVANCED|BETA|DEPRECATED|LEGACY)\)|\[(?i:advanced|beta|deprecated|legacy)\]`)
	british      = regexp.MustCompile(`(?i)\b(?:colours?|organi[s]ations?|favourites?|catalogues?|behaviours?|centres?|customis(?:e|es|ed|ing)|organis(?:e|es|ed|ing)|authoris(?:e|es|ed|ing|ation)|cancelled|licences?)\b`)
)

// label checks the words of a label in metadata.
func (p *pass) label(m app.Meta, label string) {
	if short := abbreviation.FindString(label); short != "" {
		p.meta("NAM004", m, "label", "an abbreviation in lower case: "+short, "write "+upper(short))
	}
	if found := tag.FindString(label); found != "" {
		p.meta("NAM005", m, "label", "a tag that is not in lower case and parentheses: "+found, "write ("+strings.ToLower(strings.Trim(found, "()[]"))+")")
	}
	if word := british.FindString(label); word != "" {
		p.meta("NAM008", m, "label", "British spelling: "+word, "")
	}
}

// labelOf checks the words of a field's label.
func (p *pass) labelOf(f field) {
	if short := abbreviation.FindString(f.label); short != "" {
		p.report("NAM004", f.code, f.at("label"), "an abbreviation in lower case: "+short, "write "+upper(short))
	}
	if word := british.FindString(f.label); word != "" {
		p.report("NAM008", f.code, f.at("label"), "British spelling: "+word, "")
	}
}

// upper is an abbreviation as it is written, with the s of a plural.
func upper(short string) string {
	if rest, many := strings.CutSuffix(short, "s"); many && strings.ToUpper(rest) != "SM" {
		return strings.ToUpper(rest) + "s"
	}
	return strings.ToUpper(short)
}

// reservedWords may not be names of modules, RPCs and functions (ECMA-262 12.7.2).
var reservedWords = strings.Fields("await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield")

func (p *pass) identifier(m app.Meta, id string) {
	if slices.Contains(reservedWords, id) {
		p.meta("NAM006", m, "label", quote(id)+" is a word of JavaScript", "add what it works on: "+id+"Book")
	}
}

// connectionLabels: people choose between connections by their labels.
func (p *pass) connectionLabels() {
	if len(p.app.Connections) < 2 {
		return
	}
	for _, c := range p.app.Connections {
		if c.Label != "" && !strings.Contains(c.Label, "(") && c.AliasTo == "" {
			p.meta("CON024", c.Meta, "label", "one of several connections, whose label does not tell its type", "write "+quote(c.Label+" (API key)")+", or what it is")
		}
	}
}

var titled = regexp.MustCompile(`^[A-Z][a-z]{3,}s?$`)

// labelCase reports labels in title case in an app that writes the others otherwise.
func (p *pass) labelCase() {
	var title []*app.Module
	sentences := 0
	for _, m := range p.app.Modules {
		words := strings.Fields(m.Label)
		if len(words) < 3 {
			continue
		}
		capitals := 0
		for _, w := range words[1:] {
			if titled.MatchString(w) {
				capitals++
			}
		}
		if capitals >= 2 {
			title = append(title, m)
		} else if capitals == 0 {
			sentences++
		}
	}
	if sentences <= 2*len(title) { // most are so: then the app is
		return
	}
	for _, m := range title {
		p.meta("NAM002", m.Meta, "label", quote(m.Label)+" is in title case, the other labels are not", "")
	}
}

// repeatedHeaders reports headers that stand in three modules or more.
func (p *pass) repeatedHeaders() {
	type header struct{ name, text string }
	seen := map[header]int{}
	for _, m := range p.app.Modules {
		own := map[header]bool{}
		for _, request := range requestsOf(m.API.Root()) {
			headers := request.Get("headers")
			if !headers.Is(jsonc.Object) {
				continue
			}
			for _, h := range headers.Members {
				text, ok := h.Value.Str()
				key := header{strings.ToLower(h.Name()), text}
				if !ok || own[key] || strings.Contains(text, "parameters.") {
					continue
				}
				own[key] = true
				if seen[key]++; seen[key] == 3 {
					p.report("BAS010", m.API, h.Key, "the header "+quote(h.Name())+" stands in three modules or more", "write it once, into the base")
				}
			}
		}
	}
}
