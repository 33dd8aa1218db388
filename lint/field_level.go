package lint

import (
	"regexp"

	"github.com/cleat-run/cleat/app"
)

// siblings checks what fields of one level are to each other.
func (p *pass) siblings(all []field) {
	p.files(all)
	p.styles(all)
}

var fileName = regexp.MustCompile(`(?i)file_?name|^name$`)

// files: a file is a buffer and a name, which the form joins by semantic.
func (p *pass) files(all []field) {
	has := map[string]bool{}
	for _, f := range all {
		semantic := literal(f.node.Get("semantic"))
		has[semantic] = true
		has["a name"] = has["a name"] || f.kind == "filename" || f.kind == "text" && fileName.MatchString(f.name) || semantic == "file:name"
	}
	for _, f := range all {
		switch at := f.node.Get("semantic"); {
		case literal(at) == "file:name" && !has["file:data"]:
			p.report("PAR030", f.code, at, "semantic file:name without file:data beside it", "the form joins both")
		case literal(at) == "file:data" && !has["file:name"]:
			p.report("PAR030", f.code, at, "semantic file:data without file:name beside it", "the form joins both")
		case at == nil && f.kind == "buffer" && !has["a name"]:
			p.report("PAR030", f.code, f.node, "a file without a name", `add a field of type filename, with "semantic": "file:name" and here "file:data"`)
		}
	}
}

// namings are the styles of names.
var namings = []struct {
	is   string
	made *regexp.Regexp
}{
	{"camelCase", regexp.MustCompile(`^[a-z][a-z0-9]*(?:[A-Z][A-Za-z0-9]*)+$`)},
	{"snake_case", regexp.MustCompile(`^[a-z0-9]+(?:_[a-z0-9]+)+$`)},
	{"kebab-case", regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)+$`)},
}

// styles reports the first name that is written unlike those before it.
func (p *pass) styles(all []field) {
	if all[0].code.Kind == app.RPCKind {
		return
	}
	known := ""
	for _, f := range all {
		for _, n := range namings {
			switch {
			case !n.made.MatchString(f.name):
			case known == "":
				known = n.is
			case known != n.is:
				p.report("PAR038", f.code, f.at("name"), quote(f.name)+" is "+n.is+" in a form of "+known, "write new names alike; never rename one of a published app")
				return
			}
		}
	}
}
