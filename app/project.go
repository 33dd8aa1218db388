package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// project loads the layout of makecomapp.json.
func (l *loader) project() error {
	manifest, err := l.manifest()
	if err != nil {
		return err
	}
	l.app.Meta = manifest
	root := fields{manifest, l}
	l.knownKeys(manifest, "the manifest", manifestKeys)
	l.missingKeys(manifest, "the manifest", []string{"fileVersion", "generalCodeFiles", "components"})
	if version := root.number("fileVersion", 1); version != 1 {
		l.report(root.at("fileVersion"), source.Error, "MAN002", fmt.Sprintf("unknown fileVersion %d", version), "this program knows version 1")
	}
	l.generalCode(root.at("generalCodeFiles"))
	l.componentMaps(root.at("components"))
	l.origins(manifest)
	l.strays()
	return nil
}

var manifestKeys = []string{"fileVersion", "generalCodeFiles", "components", "origins"}

// manifest reads makecomapp.json. What is no JSON object is the error.
func (l *loader) manifest() (Meta, error) {
	f, err := l.open(manifestName)
	if err != nil {
		_, found, err := unreadable(manifestName, err)
		l.found.Add(found...)
		return Meta{}, err
	}
	doc, found := jsonc.Parse(f.source)
	f.doc = doc
	var failed error
	for _, d := range found {
		if d.Code != "FMT003" {
			d.Code = "MAN001"
			if d.Severity == source.Error && failed == nil {
				failed = d
			}
		}
		l.found.Add(d)
	}
	if failed == nil && !doc.Root.Is(jsonc.Object) {
		d := source.Diagnostic{Code: "MAN001", Message: "the manifest must be an object"}
		if doc.Root == nil {
			d.Message = "the manifest is empty"
			d = d.At(f.source, 0, 0)
		}
		d = doc.Diagnose(doc.Root, d)
		l.found.Add(d)
		failed = d
	}
	if failed == nil && len(doc.Comments) > 0 {
		c := doc.Comments[0]
		d := source.Diagnostic{Code: "MAN001", Message: "comment in the manifest, which is plain JSON", Hint: `use the key "//" for a comment`}
		l.found.Add(d.At(f.source, c.Start, c.End))
	}
	return Meta{doc, doc.Root}, failed
}

// knownKeys reports the keys of m that are not known. Keys that begin with // are comments.
func (l *loader) knownKeys(m Meta, what string, known []string) {
	if m.Node == nil {
		return
	}
	for _, member := range m.Node.Members {
		if name := member.Name(); !isComment(name) && !slices.Contains(known, name) {
			l.report(Meta{m.Doc, member.Key}, source.Error, "MAN002", "unknown key "+quote(name)+" in "+what, l.didYouMean(name, known))
		}
	}
}

func isComment(key string) bool { return strings.HasPrefix(key, "//") }

// missingKeys reports, in one finding, the keys that m should have.
func (l *loader) missingKeys(m Meta, what string, wanted []string) {
	var missing []string
	for _, key := range wanted {
		if !m.Node.Has(key) {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		l.report(m, source.Warning, "MAN004", what+" lacks "+strings.Join(missing, ", "), "Make's editor wants every key, if only with null, {} or []")
	}
}

// object reports what is no object and returns whether m is one. Null and a missing
// value are none, but no fault either.
func (l *loader) object(m Meta, what string) bool {
	switch {
	case m.Node == nil || m.Node.IsNull():
		return false
	case m.Node.Is(jsonc.Object):
		return true
	}
	l.report(m, source.Error, "MAN002", what+" must be an object, but is "+article(m.Node.Kind.String()), "")
	return false
}

func (l *loader) generalCode(m Meta) {
	if l.object(m, "generalCodeFiles") {
		l.missingKeys(m, "generalCodeFiles", []string{"base", "common", "readme", "groups"})
		l.codeFiles(General, l.app, m, "generalCodeFiles")
	}
}

func (l *loader) componentMaps(m Meta) {
	if !l.object(m, "components") {
		return
	}
	var kinds []string
	for _, kind := range Kinds() {
		kinds = append(kinds, string(kind))
	}
	l.knownKeys(m, "components", kinds)
	l.missingKeys(m, "components", kinds)
	for _, kind := range Kinds() {
		l.componentMap(kind, Meta{m.Doc, m.Node.Get(string(kind))})
	}
}

// componentMap loads the components of a kind. A list instead of a map is reported, and
// its elements that tell their id are loaded all the same.
func (l *loader) componentMap(kind Kind, m Meta) {
	if m.Node.Is(jsonc.Array) {
		l.object(m, "components."+string(kind))
		for _, element := range m.Node.Elements {
			at := Meta{m.Doc, element}
			if id := (fields{at, l}).text("id", "name"); id != "" {
				l.checkID(kind, id, at)
				l.projectComponent(kind, id, at)
			}
		}
		return
	}
	if !l.object(m, "components."+string(kind)) {
		return
	}
	last := map[string]int{} // jsonc reports a repeated key
	for i, member := range m.Node.Members {
		last[member.Name()] = i
	}
	for i, member := range m.Node.Members {
		if id := member.Name(); !isComment(id) && !member.Value.IsNull() && last[id] == i {
			l.checkID(kind, id, Meta{m.Doc, member.Key})
			l.projectComponent(kind, id, Meta{m.Doc, member.Value})
		}
	}
}

// projectComponent loads one component. Null reserves an id.
func (l *loader) projectComponent(kind Kind, id string, m Meta) {
	if !l.object(m, string(kind)+" "+quote(id)) || l.repeated(kind, id, m) {
		return
	}
	l.knownKeys(m, string(kind)+" "+quote(id), metadataKeys[kind])
	c := l.component(kind, id, m)
	code := Meta{m.Doc, m.Node.Get("codeFiles")}
	if code.Node == nil {
		l.report(m, source.Warning, "MAN004", fmt.Sprintf("%s %q lacks codeFiles", kind, id), "")
	}
	if l.object(code, "codeFiles") {
		l.codeFiles(kind, c, code, "codeFiles of a "+string(kind))
	}
	l.requiredCode(kind, c, m)
}

// metadataKeys are the keys of a component in the manifest (components.md 2).
var metadataKeys = map[Kind][]string{
	ConnectionKind: {"label", "connectionType", "codeFiles", "aliasTo"},
	WebhookKind:    {"label", "webhookType", "connection", "altConnection", "attachedAccounts", "codeFiles"},
	ModuleKind: {"label", "description", "moduleType", "moduleSubtype", "actionCrud", "connection", "altConnection",
		"webhook", "attachedAccounts", "codeFiles"},
	RPCKind:      {"label", "connection", "altConnection", "attachedAccounts", "codeFiles"},
	FunctionKind: {"codeFiles"},
	EndpointKind: {"label", "description", "annotations", "attachedAccounts", "codeFiles"},
}

// repeated reports a second component with the same id.
func (l *loader) repeated(kind Kind, id string, m Meta) bool {
	if !l.ids[kind][id] {
		l.ids[kind][id] = true
		return false
	}
	l.report(m, source.Error, "MAN006", "there are two "+string(kind)+"s with the id "+quote(id), "the first one counts")
	return true
}

// codeFiles opens the files that m names and places them. Null means that a code is not
// kept here.
func (l *loader) codeFiles(kind Kind, owner component, m Meta, what string) {
	for _, member := range m.Node.Members {
		key, at := member.Name(), Meta{m.Doc, member.Value}
		if isComment(key) {
			continue
		}
		s, ok := l.sectionOf(kind, Meta{m.Doc, member.Key}, what)
		switch {
		case !ok, at.Node.IsNull():
		case !at.Node.Is(jsonc.String):
			l.report(at, source.Error, "MAN002", key+" must be a path or null", "")
		default:
			if f := l.named(at, s); f != nil {
				l.own(f.source.Name(), owner)
				l.place(kind, owner, s, f)
				l.unused(owner, s, at)
			}
		}
	}
}

// sectionOf finds the section that a key means. Other keys are reported and ignored, as
// the platform does; for an API name the hint tells the manifest's.
func (l *loader) sectionOf(kind Kind, key Meta, what string) (Section, bool) {
	name := key.Node.Text
	var known []string
	hint := ""
	for _, s := range Sections(kind) {
		switch {
		case s.Key == "":
		case s.Key == name:
			return s, true
		case s.Name == name:
			hint = "call it " + s.Key + "; as it is, the file is ignored"
		}
		known = append(known, s.Key)
	}
	if hint == "" {
		hint = l.didYouMean(name, known)
	}
	l.report(key, source.Error, "MAN002", "unknown key "+quote(name)+" in "+what, hint)
	return Section{}, false
}

// unused tells of code that is not empty but that its type of module does not use.
func (l *loader) unused(owner component, s Section, at Meta) {
	m, ok := owner.(*Module)
	if !ok || m.Type.Uses(s.Name) {
		return
	}
	if root := (*m.section(s.Name)).Root(); root != nil && len(root.Members)+len(root.Elements) > 0 {
		l.report(at, source.Info, "MAN018", fmt.Sprintf("a module of the type %s does not use %s", m.Type, s.Key), "")
	}
}

// requiredCode reports required code for which the manifest names no file. An instant
// trigger needs none, and a connection that is an alias has none.
func (l *loader) requiredCode(kind Kind, c component, m Meta) {
	switch c := c.(type) {
	case *Module:
		if c.Type == InstantTrigger {
			return
		}
	case *Connection:
		if c.AliasTo != "" {
			return
		}
	}
	files := m.Node.Get("codeFiles")
	if !files.Is(jsonc.Object) {
		return // that was reported
	}
	for _, s := range Sections(kind) {
		if given := files.Get(s.Key); s.Required && (given == nil || given.IsNull()) {
			l.report(Meta{m.Doc, files}, source.Warning, "MAN013", fmt.Sprintf("%s %q names no file for %s", kind, c.id(), s.Key), "")
		}
	}
}
