package iml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// XML is mapped as the npm package xml2js does by default (language reference 10): an
// element of text alone is a text; attributes are the member $, text beside them or
// beside children the member _, children arrays.
const (
	attributesMember = "$"
	textMember       = "_"
)

const maxXMLDepth = 256

func parseXMLFunction(env *Env, args []value.Value) (value.Value, error) {
	text := arg(args, 0).ToText()
	if err := env.Step(len(text) / 16); err != nil {
		return value.Undefined, err
	}
	v, err := readXML(text)
	if err != nil {
		return value.Undefined, &argumentError{value: arg(args, 0), what: "XML text", detail: err.Error()}
	}
	return v, nil
}

// xmlElement is an element that is being read.
type xmlElement struct {
	name    string
	members *value.Collection
	text    strings.Builder
}

// readXML reads a document. Only the five entities of XML itself are known, so that
// nothing expands; a document type is passed over.
func readXML(text string) (value.Value, error) {
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is text already
	open := []*xmlElement{{members: value.NewCollection(1)}}
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return value.Undefined, err
		}
		if open, err = readToken(open, token); err != nil {
			return value.Undefined, err
		}
	}
	switch root := open[0]; {
	case len(open) > 1:
		return value.Undefined, fmt.Errorf("<%s> is not closed", open[len(open)-1].name)
	case root.members.Len() == 0:
		return value.Undefined, errors.New("there is no element")
	default:
		return value.FromCollection(root.members), nil
	}
}

func readToken(open []*xmlElement, token xml.Token) ([]*xmlElement, error) {
	inner := open[len(open)-1]
	switch token := token.(type) {
	case xml.StartElement:
		if len(open) > maxXMLDepth {
			return open, fmt.Errorf("elements lie more than %d levels deep", maxXMLDepth)
		}
		if len(open) == 1 && inner.members.Len() > 0 {
			return open, errors.New("there is more than one root element")
		}
		return append(open, startElement(token)), nil
	case xml.EndElement:
		if name := qualified(token.Name); len(open) == 1 || name != inner.name {
			return open, fmt.Errorf("</%s> closes nothing", name)
		}
		open = open[:len(open)-1]
		open[len(open)-1].add(inner, len(open) == 1)
	case xml.CharData:
		if len(open) == 1 && strings.TrimSpace(string(token)) != "" {
			return open, errors.New("there is text outside the root element")
		}
		inner.text.Write(token)
	}
	return open, nil
}

func qualified(name xml.Name) string {
	if name.Space != "" {
		return name.Space + ":" + name.Local
	}
	return name.Local
}

func startElement(token xml.StartElement) *xmlElement {
	e := &xmlElement{name: qualified(token.Name), members: value.NewCollection(len(token.Attr))}
	if len(token.Attr) > 0 {
		attributes := value.NewCollection(len(token.Attr))
		for _, a := range token.Attr {
			attributes.Set(qualified(a.Name), value.Text(a.Value))
		}
		e.members.Set(attributesMember, value.FromCollection(attributes))
	}
	return e
}

// add puts a child that is complete into e; only the root stands alone.
func (e *xmlElement) add(child *xmlElement, isRoot bool) {
	v := child.value()
	if isRoot {
		e.members.Set(child.name, v)
		return
	}
	if list := e.members.Get(child.name).Array(); list != nil {
		list.Append(v)
		return
	}
	e.members.Set(child.name, value.List(v))
}

func (e *xmlElement) value() value.Value {
	text := e.text.String()
	if strings.TrimFunc(text, value.IsSpace) == "" {
		text = ""
	}
	if e.members.Len() == 0 {
		return value.Text(text)
	}
	if text == "" {
		return value.FromCollection(e.members)
	}
	mixed := value.NewCollection(e.members.Len() + 1)
	mixed.Set(textMember, value.Text(text)) // xml2js begins with it
	for name, member := range e.members.All() {
		mixed.Set(name, member)
	}
	return value.FromCollection(mixed)
}

func createXMLFunction(env *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	w := xmlWriter{env: env}
	name, content := "root", v
	if c := v.Collection(); c.Len() == 1 {
		if only, member := c.At(0); only != attributesMember && only != textMember && member.Array() == nil {
			name, content = only, member
		}
	}
	if err := w.element(name, content, 0); err != nil {
		return value.Undefined, err
	}
	return value.Text(w.text.String()), env.Produce(w.text.Len())
}

// xmlWriter writes elements as compact XML.
type xmlWriter struct {
	env  *Env
	text bytes.Buffer
}

// element writes one element, or one for each element of an array.
func (w *xmlWriter) element(name string, v value.Value, depth int) error {
	switch {
	case v.IsUndefined():
		return nil
	case depth > maxXMLDepth:
		return &limitError{fmt.Sprintf("XML lies more than %d levels deep", maxXMLDepth)}
	case v.Array() != nil:
		for _, item := range v.Array().Items() {
			if err := w.element(name, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case !isXMLName(name):
		return &argumentError{value: value.Text(name), what: "XML name"}
	}
	if err := w.env.Step(1); err != nil {
		return err
	}
	w.text.WriteString("<" + name)
	if err := w.attributes(v.Member(attributesMember)); err != nil {
		return err
	}
	start := w.text.Len()
	w.text.WriteByte('>')
	if err := w.content(v, depth); err != nil {
		return err
	}
	if w.text.Len() == start+1 {
		w.text.Truncate(start)
		w.text.WriteString("/>")
		return nil
	}
	w.text.WriteString("</" + name + ">")
	return nil
}

func (w *xmlWriter) attributes(v value.Value) error {
	for name, attribute := range v.Collection().All() {
		if !isXMLName(name) {
			return &argumentError{value: value.Text(name), what: "XML name"}
		}
		w.text.WriteString(" " + name + `="`)
		w.escaped(attribute.ToText())
		w.text.WriteByte('"')
	}
	return nil
}

func (w *xmlWriter) content(v value.Value, depth int) error {
	if v.Collection() == nil {
		w.escaped(v.ToText())
		return nil
	}
	w.escaped(v.Member(textMember).ToText())
	for name, member := range v.Collection().All() {
		if name == attributesMember || name == textMember {
			continue
		}
		if err := w.element(name, member, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *xmlWriter) escaped(s string) { _ = xml.EscapeText(&w.text, []byte(s)) } // a buffer never fails

// isXMLName reports whether s may name an element (XML 1.0, production 5, without the
// rare signs).
func isXMLName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r == ':' || r >= 0xC0 || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && r != '.' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}
