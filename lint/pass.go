package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// How many findings are shown: of one rule in one file, of one rule, and of one severity
// in all. What comes on top is counted.
const (
	MaxAlike    = 100
	MaxOfRule   = 1000
	MaxFindings = 5000
)

// maxCompared is how many names are compared in all in search of those that were meant.
const maxCompared = 50_000

// pass is one check of an app.
type pass struct {
	app        *app.App
	strict     bool
	severities map[string]source.Severity
	silenced   map[ignore]bool

	found  source.Diagnostics
	alike  map[kin]int
	total  map[source.Severity]int
	looked int // names that were compared, for hints

	textsOf     map[*app.Code][]text // every expression of the code that makes requests
	owned       map[owner][]*app.Code
	declares    map[owner]declared
	used        map[owner]usage
	called      map[string]bool     // functions that are called
	fed         map[string][]string // RPCs that forms ask, as they are written
	choices     map[string]bool     // those that give options of a select
	fileChoices map[string]bool     // those that give files to choose from
	grouped     map[string]bool     // modules that stand in a group
	hooked      map[string]bool     // webhooks that an instant trigger uses
	instant     bool                // there is an instant trigger
}

// kin are the findings of a rule in a file.
type kin struct{ file, code string }

func newPass(a *app.App, o Options) *pass {
	p := &pass{
		app: a, strict: o.MakeStrict, severities: map[string]source.Severity{}, silenced: silenced(a),
		alike: map[kin]int{}, total: map[source.Severity]int{},
		textsOf: map[*app.Code][]text{}, owned: map[owner][]*app.Code{}, declares: map[owner]declared{}, used: map[owner]usage{},
		called: map[string]bool{}, fed: map[string][]string{}, choices: map[string]bool{}, fileChoices: map[string]bool{},
		grouped: map[string]bool{}, hooked: map[string]bool{},
	}
	for _, r := range Rules() {
		p.severities[r.Code] = r.Severity
	}
	for _, group := range elements(a.Groups.Root()) {
		for _, id := range elements(group.Get("modules")) {
			p.grouped[id.Text] = true
		}
	}
	for _, m := range a.Modules {
		p.hooked[m.Webhook] = true
		p.instant = p.instant || m.Type == app.InstantTrigger
	}
	return p
}

// report adds a finding of a rule at a node of a code; a nil node means the whole.
func (p *pass) report(id string, code *app.Code, node *jsonc.Node, message, hint string) {
	if code != nil && code.Doc != nil && !p.enough(id, code.File) {
		p.add(code.Doc.Diagnose(node, p.finding(id, message, hint)))
	}
}

// meta adds a finding about the metadata of a component.
func (p *pass) meta(id string, m app.Meta, key, message, hint string) {
	if m.Doc == nil || !p.enough(id, m.Doc.File) {
		p.add(m.Diagnose(key, p.finding(id, message, hint)))
	}
}

func (p *pass) finding(id, message, hint string) source.Diagnostic {
	return source.Diagnostic{Severity: p.severities[id], Code: id, Message: message, Hint: hint}
}

// enough reports whether all the findings of a rule that are shown in a file are there,
// and counts one more then.
func (p *pass) enough(id string, file *source.File) bool {
	for _, k := range []kin{{file.Name(), id}, {"", id}} {
		if p.alike[k] >= limitOf(k) {
			p.alike[k]++
			return true
		}
	}
	return false
}

func limitOf(k kin) int {
	if k.file == "" {
		return MaxOfRule
	}
	return MaxAlike
}

// add adds findings that are not silenced, as many as are shown.
func (p *pass) add(found ...source.Diagnostic) {
	for _, d := range found {
		if p.silenced[ignore{d.File, d.Line, d.Code}] || p.silenced[ignore{d.File, d.Line - 1, d.Code}] {
			continue
		}
		if p.total[d.Severity] >= MaxFindings {
			p.total[d.Severity]++
			continue
		}
		if !p.counted(kin{d.File, d.Code}) || !p.counted(kin{"", d.Code}) {
			continue
		}
		p.total[d.Severity]++
		p.found.Add(d)
	}
}

// counted counts a finding of a kind and reports whether it is shown.
func (p *pass) counted(k kin) bool {
	p.alike[k]++
	return p.alike[k] <= limitOf(k)
}

// result sorts the findings, drops repetitions, and tells how many are not shown.
func (p *pass) result() source.Diagnostics {
	p.found.Sort()
	var kept source.Diagnostics
	for i, d := range p.found {
		if p.strict && d.Severity == source.Warning && notPortable(d) {
			d.Severity = source.Error
		}
		repeated := i > 0 && d.Code == p.found[i-1].Code && d.Position() == p.found[i-1].Position() && d.Message == p.found[i-1].Message
		if !repeated {
			kept = append(kept, d)
		}
	}
	return append(kept, p.rest()...)
}

// rest says how many findings are not shown.
func (p *pass) rest() (rest source.Diagnostics) {
	for k, n := range p.alike {
		if more := n - limitOf(k); more > 0 {
			rest.Add(source.Diagnostic{Severity: source.Info, Code: "LIM001", File: k.file, Message: fmt.Sprintf("%d more findings of %s are not shown", more, k.code)})
		}
	}
	slices.SortFunc(rest, func(a, b source.Diagnostic) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Message, b.Message))
	})
	if len(rest) > MaxAlike {
		more := len(rest) - MaxAlike
		rest = append(rest[:MaxAlike], source.Diagnostic{Severity: source.Info, Code: "LIM001", Message: fmt.Sprintf("findings are left out in %d more cases", more)})
	}
	for _, severity := range []source.Severity{source.Error, source.Warning, source.Info} {
		if n := p.total[severity] - MaxFindings; n > 0 {
			rest.Add(source.Diagnostic{Severity: source.Info, Code: "LIM001", Message: fmt.Sprintf("%d more findings of the severity %v are not shown", n, severity), Hint: "mend those above first"})
		}
	}
	return rest
}

// didYouMean is a hint with the names that resemble a mistyped one. An app full of mistakes
// gets it for the first of them.
func (p *pass) didYouMean(name string, known []string) string {
	if p.looked += len(known); p.looked > maxCompared {
		return ""
	}
	return source.DidYouMean(name, known)
}

// ignore is a rule silenced on a line of a file.
type ignore struct {
	file string
	line int
	code string
}

// silenced reads the comments of every code.
func silenced(a *app.App) map[ignore]bool {
	silenced := map[ignore]bool{}
	for _, code := range a.Codes() {
		if code.Doc == nil {
			continue
		}
		for _, comment := range code.Doc.Comments {
			words := strings.Fields(strings.Trim(comment.Text, "/* "))
			if len(words) >= 2 && words[0] == "cleat-ignore" {
				silenced[ignore{code.File.Name(), code.File.Position(comment.Start).Line, words[1]}] = true
			}
		}
	}
	return silenced
}
