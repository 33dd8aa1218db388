package scaffold

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// manifestName is the file that makes a folder an app.
const manifestName = "makecomapp.json"

// entry is what the manifest says about c; members stand in the order in which Make's
// editor writes them.
func (c Component) entry(files []file) object {
	var e object
	if c.Kind != app.FunctionKind {
		e.add("label", c.label())
	}
	switch c.Kind {
	case app.ConnectionKind:
		e.add("connectionType", manifestType(c))
	case app.WebhookKind:
		e.add("webhookType", c.Type)
	case app.ModuleKind:
		e.add("description", "")
		e.add("moduleType", c.Type)
		if c.Type == string(app.Action) {
			e.add("actionCrud", nil)
		}
	}
	switch {
	case c.Type == string(app.InstantTrigger):
		e.add("webhook", c.Webhook)
	case c.Kind == app.ModuleKind, c.Kind == app.WebhookKind, c.Kind == app.RPCKind:
		e.add("connection", orNull(c.Connection))
		e.add("altConnection", nil)
	}
	var codes object
	for _, f := range files {
		codes.add(f.key, f.path)
	}
	e.add("codeFiles", codes)
	return e
}

func (c Component) label() string {
	if c.Label != "" {
		return c.Label
	}
	return c.ID
}

// manifestType is basic or oauth: the manifest knows no other (components.md 2).
func manifestType(c Component) string {
	if c.oauth() {
		return "oauth"
	}
	return "basic"
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// object is a JSON object in the order in which it was written.
type object []struct {
	name  string
	value any
}

func (o *object) add(name string, value any) {
	*o = append(*o, struct {
		name  string
		value any
	}{name, value})
}

// text writes the object as Make's editor does: four blanks a level, depth levels deep.
func (o object) text(depth int) string {
	if len(o) == 0 {
		return "{}"
	}
	indent := strings.Repeat("    ", depth)
	var b strings.Builder
	b.WriteString("{")
	for i, m := range o {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n" + indent + "    " + quoted(m.name) + ": ")
		if inner, ok := m.value.(object); ok {
			b.WriteString(inner.text(depth + 1))
		} else {
			b.WriteString(quoted(m.value))
		}
	}
	b.WriteString("\n" + indent + "}")
	return b.String()
}

// quoted is a value as JSON, without the escapes that HTML wants.
func quoted(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(v) // texts, numbers and null cannot fail
	return strings.TrimSpace(b.String())
}

// withEntry returns the manifest with the entry of a component added behind those of its
// kind. Everything else stays byte for byte.
func withEntry(manifest []byte, kind app.Kind, id string, e object) ([]byte, error) {
	doc, found := jsonc.Parse(source.NewFile(manifestName, manifest))
	if err := found.Err(); err != nil {
		return nil, err
	}
	text := doc.String()
	components := doc.Root.Get("components")
	switch of := components.Get(string(kind)); {
	case of.Is(jsonc.Object):
		return []byte(withMember(text, of, id, e, 2)), nil
	case of != nil:
		return nil, invalid("write an object there", "components.%s of %s is no object", kind, manifestName)
	case components.Is(jsonc.Object):
		return []byte(withMember(text, components, string(kind), object{{id, e}}, 1)), nil
	}
	return nil, invalid(`write "components": {} into it`, "%s has no components", manifestName)
}

// withMember inserts a member at the end of the object of, which is depth levels deep.
func withMember(text string, of *jsonc.Node, name string, value object, depth int) string {
	indent := strings.Repeat("    ", depth)
	member := "\n" + indent + "    " + quoted(name) + ": " + value.text(depth+1)
	if n := len(of.Members); n > 0 {
		end := of.Members[n-1].Value.End
		return text[:end] + "," + member + text[end:]
	}
	return text[:of.Start] + "{" + member + "\n" + indent + "}" + text[of.End:]
}
