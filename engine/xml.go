package engine

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/cleat-run/cleat/value"
)

// maxXMLDepth is how deep elements may be nested (communication.md 17.7).
const maxXMLDepth = 256

// element is an XML element under construction.
type element struct {
	name     string
	members  *value.Collection // _attributes and children
	text     strings.Builder
	children bool
}

// parseXML reads a document as an object with the root element (communication.md 10.1):
// every other element is in an array, even a single one; one that holds only text is that
// text; beside attributes or children the text is _value. Entities of a DTD are not
// expanded.
func parseXML(raw []byte) (value.Value, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	d.CharsetReader = charsetReader
	root := &element{members: value.NewCollection(1)}
	stack := []*element{root}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return value.Undefined, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) == 1 && root.children {
				return value.Undefined, errors.New("there is more than one root element")
			}
			if len(stack) > maxXMLDepth {
				return value.Undefined, fmt.Errorf("elements are nested more than %d levels deep", maxXMLDepth)
			}
			stack = append(stack, newElement(t, len(stack) == 1))
		case xml.EndElement:
			if len(stack) == 1 || rawName(t.Name) != top.name {
				return value.Undefined, fmt.Errorf("</%s> closes no element", rawName(t.Name))
			}
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].add(top, len(stack) == 1)
		case xml.CharData:
			top.text.Write(t)
		}
	}
	switch {
	case len(stack) > 1:
		return value.Undefined, fmt.Errorf("<%s> is not closed", stack[len(stack)-1].name)
	case !root.children || strings.TrimSpace(root.text.String()) != "":
		return value.Undefined, errors.New("this is no XML document")
	}
	return value.FromCollection(root.members), nil
}

func newElement(t xml.StartElement, alone bool) *element {
	e := &element{name: rawName(t.Name), members: value.NewCollection(0)}
	if alone { // body.data.a and body.data[].a are the same
		e.members = value.NewSingle()
	}
	if len(t.Attr) > 0 {
		attributes := value.NewCollection(len(t.Attr))
		for _, a := range t.Attr {
			attributes.Set(rawName(a.Name), value.Text(a.Value))
		}
		e.members.Set("_attributes", value.FromCollection(attributes))
	}
	return e
}

// rawName is a name with its prefix, as it is written.
func rawName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// add makes child a member of e; the root element stands alone.
func (e *element) add(child *element, alone bool) {
	v := child.value()
	e.children = true
	if alone {
		e.members.Set(child.name, v)
	} else if list := e.members.Get(child.name).Array(); list != nil {
		list.Append(v)
	} else {
		e.members.Set(child.name, value.List(v))
	}
}

func (e *element) value() value.Value {
	text := e.text.String()
	if e.members.Len() == 0 {
		return value.Text(text)
	}
	if text = strings.TrimSpace(text); text != "" {
		e.members.Set("_value", value.Text(text))
	}
	return value.FromCollection(e.members)
}

func charsetReader(label string, in io.Reader) (io.Reader, error) {
	charset, err := htmlindex.Get(label)
	if err != nil {
		return nil, err
	}
	return charset.NewDecoder().Reader(in), nil
}
