package form

import (
	"strings"

	"github.com/cleat-run/cleat/value"
)

const folderKeys = "options"

var (
	folderType = Type{Name: "folder", Summary: "The path of a folder, chosen level by level.", Stored: "string", Keys: folderKeys, compile: compileFolder,
		check: checkPath, convert: toText, accept: acceptPath, forman: formanSelect, tool: toolText}
	fileType = Type{Name: "file", Summary: "The path of a file, chosen level by level.", Stored: "string", Keys: folderKeys, compile: compileFolder,
		check: checkPath, convert: toText, accept: acceptPath, forman: formanSelect, tool: toolText}
)

func compileFolder(c *compiler, f *Field) {
	c.optionsOf(f)
	if !f.options.declared && f.options.remote == "" {
		c.wrong(f.node, "PAR026", f.Type.Name+" without options", `write "options": {"store": "rpc://name"}`)
	}
}

// checkPath looks up each level of a path (parameters.md 6.2).
func checkPath(p *pass, l *level, f *Field, v value.Value, at *place) {
	if p.path(l, f, v.Str(), at) {
		p.checkNested(l, f, f.shownNested(), v, at)
	}
}

// acceptPath compares a path with a list of the definition; those of RPCs are not asked
// for when a module runs.
func acceptPath(p *pass, f *Field, v value.Value, at *place) {
	if o := f.options; o.remote == "" && len(o.list) > 0 && !f.dynamic {
		p.path(&level{}, f, v.Str(), at)
	}
	acceptText(p, f, v, at)
}

// path reports whether the fields below a path are of interest.
func (p *pass) path(l *level, f *Field, path string, at *place) bool {
	o := f.options
	if o.singleLevel && strings.LastIndex(path, "/") >= 1 || o.singleLevel && !o.showRoot && strings.Contains(path, "/") {
		p.fail(f, at, CodePath, p.shown(f, value.Text(path))+" has several levels", "the field takes one level")
		return false
	}
	if o.showRoot && path == "/" && f.is("folder") {
		return true
	}
	levels := strings.Split(strings.TrimPrefix(path, "/"), "/")
	sofar := ""
	for i, name := range levels {
		if name == "" {
			p.fail(f, at, CodePath, p.shown(f, value.Text(path))+" is no path", "")
			return false
		}
		choices, known, ok := p.folder(l, f, sofar, at, i == len(levels)-1)
		if !ok {
			return false
		}
		if known && !selectable(choices, name, i == len(levels)-1, f.is("file")) {
			return p.notAnOption(f, o, value.Text(name), at)
		}
		if sofar != "" {
			sofar += "/"
		}
		sofar += name
	}
	return true
}

// folder returns what a folder holds: a static list is one level.
func (p *pass) folder(l *level, f *Field, sofar string, at *place, last bool) (choices []Option, known, ok bool) {
	o := f.options
	switch {
	case o.remote == "" && last:
		return o.list, true, true
	case o.remote == "":
		return nil, true, true
	case p.rpc == nil:
		return nil, false, true
	}
	if o.showRoot && !strings.HasPrefix(sofar, "/") {
		sofar = "/" + sofar
	}
	v, err := p.ask(o.remote, l.above, f.Name, value.Text(sofar))
	if err != nil {
		p.fail(f, at, CodeRemote, err.Error(), "")
		return nil, false, false
	}
	return p.answered(f, v).list, true, true
}

// selectable reports whether name is among the choices: a folder on the way, at the end
// what the field is about.
func selectable(choices []Option, name string, last, file bool) bool {
	for i := range choices {
		if choices[i].Value.Str() == name && choices[i].File == (last && file) {
			return true
		}
	}
	return false
}
