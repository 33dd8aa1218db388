package app

import (
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Origin is an app at Make, or at a compatible server, that a project is deployed to.
type Origin struct {
	Label      string
	BaseURL    string
	AppID      string
	AppVersion int
	APIKeyFile string // as written, relative to the project or absolute
	IDMapping  map[Kind][]Mapping
	Meta       Meta
}

// Mapping says which remote component a local one is. One of the two ids is "" when the
// other side is deliberately ignored.
type Mapping struct {
	Local         string
	Remote        string
	LocalDeleted  bool
	NonOwnedByApp bool
	Meta          Meta
}

var (
	originKeys  = []string{"label", "baseUrl", "appId", "appVersion", "apikeyFile", "idMapping"}
	mappingKeys = []string{"local", "remote", "localDeleted", "nonOwnedByApp"}
)

// placeholders are left in a new project for its author to fill in.
var placeholders = []string{"-FILL-ME-", " - OR FILL"}

func (l *loader) origins(manifest Meta) {
	list := Meta{manifest.Doc, manifest.Node.Get("origins")}
	switch {
	case list.Node == nil:
		l.report(manifest, source.Error, "MAN003", "the manifest lacks origins", `write "origins": []`)
		return
	case list.Node.Kind != jsonc.Array:
		l.report(list, source.Error, "MAN003", "origins must be an array, but is "+article(list.Node.Kind.String()), "")
		return
	}
	for _, element := range list.Node.Elements {
		at := Meta{list.Doc, element}
		if l.object(at, "an origin") {
			l.app.Origins = append(l.app.Origins, l.origin(at))
		} else if element.IsNull() {
			l.report(at, source.Error, "MAN002", "an origin must be an object, but is null", "")
		}
	}
	l.nameFromOrigin()
}

// nameFromOrigin takes the app's name and version from the first origin that tells.
func (l *loader) nameFromOrigin() {
	for _, o := range l.app.Origins {
		if o.AppID != "" && !isPlaceholder(o.AppID) {
			l.app.Name, l.app.Version = o.AppID, o.AppVersion
			return
		}
	}
}

func (l *loader) origin(m Meta) *Origin {
	f := fields{m, l}
	l.knownKeys(m, "an origin", originKeys)
	l.missingKeys(m, "the origin", []string{"baseUrl", "appId", "appVersion", "apikeyFile", "idMapping"})
	for _, key := range []string{"label", "baseUrl", "appId", "apikeyFile"} {
		if isPlaceholder(textOf(f.Node.Get(key))) {
			l.report(f.at(key), source.Warning, "MAN017", "placeholder left in "+key, "fill it in")
		}
	}
	o := &Origin{Meta: m, Label: f.text("label"), BaseURL: f.text("baseUrl"), AppID: f.text("appId"),
		AppVersion: f.number("appVersion", 1), APIKeyFile: f.text("apikeyFile"), IDMapping: map[Kind][]Mapping{}}
	l.idMapping(o, f.at("idMapping"))
	return o
}

func isPlaceholder(text string) bool {
	for _, placeholder := range placeholders {
		if strings.Contains(text, placeholder) {
			return true
		}
	}
	return false
}

func (l *loader) idMapping(o *Origin, m Meta) {
	if !l.object(m, "idMapping") {
		return
	}
	var kinds []string
	for _, kind := range Kinds() {
		kinds = append(kinds, string(kind))
	}
	l.knownKeys(m, "idMapping", kinds)
	l.missingKeys(m, "idMapping", kinds)
	for _, kind := range Kinds() {
		l.mappings(o, kind, Meta{m.Doc, m.Node.Get(string(kind))})
	}
}

// mappings reads the list of a kind. An id may stand in it once on either side.
func (l *loader) mappings(o *Origin, kind Kind, m Meta) {
	if m.Node == nil {
		return
	}
	if m.Node.Kind != jsonc.Array {
		l.report(m, source.Error, "MAN002", "idMapping."+string(kind)+" must be an array, but is "+article(m.Node.Kind.String()), "")
		return
	}
	seen := map[[2]string]bool{}
	for _, element := range m.Node.Elements {
		at := Meta{m.Doc, element}
		if !l.object(at, "an item of idMapping") {
			continue
		}
		l.knownKeys(at, "an item of idMapping", mappingKeys)
		f := fields{at, l}
		for _, side := range []string{"local", "remote"} {
			id := textOf(f.Node.Get(side))
			if id != "" && seen[[2]string{side, id}] {
				l.report(f.at(side), source.Error, "MAN014", string(kind)+" "+quote(id)+" is mapped twice", "")
			}
			seen[[2]string{side, id}] = true
		}
		flags := Mapping{Meta: at, Local: f.text("local"), Remote: f.text("remote")}
		flags.LocalDeleted, _ = f.Node.Get("localDeleted").Bool()
		flags.NonOwnedByApp, _ = f.Node.Get("nonOwnedByApp").Bool()
		o.IDMapping[kind] = append(o.IDMapping[kind], flags)
	}
}

// checkMapping compares a mapping with the components that exist.
func (l *loader) checkMapping(o *Origin) {
	mapping := fields{o.Meta, l}.at("idMapping")
	if !mapping.Node.Is(jsonc.Object) {
		return
	}
	for _, kind := range Kinds() {
		list := Meta{mapping.Doc, mapping.Node.Get(string(kind))}
		if list.Node.Is(jsonc.Array) {
			l.compareMapping(kind, list, o.IDMapping[kind])
		}
	}
}

func (l *loader) compareMapping(kind Kind, list Meta, mappings []Mapping) {
	mapped, ids := map[string]bool{}, l.app.IDs(kind)
	reserved := map[string]bool{"": true}
	for _, member := range membersOf(l.app.Meta.Node.Get("components").Get(string(kind))) {
		reserved[member.Name()] = true
	}
	for _, m := range mappings {
		mapped[m.Local] = true
		if !m.LocalDeleted && !reserved[m.Local] {
			l.report(fields{m.Meta, l}.at("local"), source.Warning, "MAN010",
				"idMapping names no "+string(kind)+": "+quote(m.Local), l.didYouMean(m.Local, ids))
		}
	}
	var missing []string
	for _, id := range ids {
		if !mapped[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		l.report(list, source.Warning, "MAN004", "idMapping lacks the "+string(kind)+" "+strings.Join(missing, ", "), "a deploy will ask what they are")
	}
}

func membersOf(n *jsonc.Node) []jsonc.Member {
	if n == nil {
		return nil
	}
	return n.Members
}
