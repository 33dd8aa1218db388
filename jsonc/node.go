package jsonc

import "github.com/cleat-run/cleat/value"

// Kind says what a [Node] is.
type Kind uint8

// The kinds. Invalid stands where a value is missing or cannot be read; a finding tells why.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the name of the kind as JSON Schema spells it, or "invalid".
func (k Kind) String() string {
	return [...]string{"invalid", "null", "boolean", "number", "string", "array", "object"}[k]
}

// Node is one value of a document, or the key of a member. All methods accept a nil Node,
// which stands for a value that is not there. A Node must not be changed.
type Node struct {
	Kind     Kind
	Start    int      // byte offset of the first character
	End      int      // byte offset behind the last character
	Text     string   // the decoded string, or a number, boolean, null or invalid word as written
	Members  []Member // of an object, all of them in order, repeated keys included
	Elements []*Node  // of an array

	parent *Node
	index  int // of the member or element in parent
}

// Member is a key with its value. Both are never nil; Key is of kind String, also when it
// is written without quotes.
type Member struct {
	Key   *Node
	Value *Node
}

// Name returns the decoded key.
func (m Member) Name() string { return m.Key.Text }

// Get returns the value of the member name, the last one when the key is repeated, and
// nil when n is no object or has no such member.
func (n *Node) Get(name string) *Node {
	if m := n.Member(name); m != nil {
		return m.Value
	}
	return nil
}

// Member returns the member name, the last one when the key is repeated, or nil.
func (n *Node) Member(name string) *Member {
	if n == nil {
		return nil
	}
	for i := len(n.Members) - 1; i >= 0; i-- {
		if n.Members[i].Key.Text == name {
			return &n.Members[i]
		}
	}
	return nil
}

// Has reports whether n is an object with the member name, whatever its value.
func (n *Node) Has(name string) bool { return n.Member(name) != nil }

// Is reports whether n is there and of the given kind.
func (n *Node) Is(kind Kind) bool { return n != nil && n.Kind == kind }

// IsNull reports whether n is the value null. A nil Node is not.
func (n *Node) IsNull() bool { return n.Is(Null) }

// Str returns the decoded text of a string and whether n is one.
func (n *Node) Str() (text string, ok bool) {
	if !n.Is(String) {
		return "", false
	}
	return n.Text, true
}

// Bool returns the content of a boolean and whether n is one.
func (n *Node) Bool() (b, ok bool) {
	if !n.Is(Bool) {
		return false, false
	}
	return n.Text == "true", true
}

// Value returns n as a value of the expression language: collections keep their order, a
// repeated key its first place and its last value, long integers their digits. A nil or
// invalid Node gives undefined.
func (n *Node) Value() value.Value {
	if n == nil {
		return value.Undefined
	}
	switch n.Kind {
	case Null:
		return value.Null
	case Bool:
		return value.Bool(n.Text == "true")
	case String:
		return value.Text(n.Text)
	case Number:
		v, _ := value.Digits(n.Text)
		return v
	case Array:
		items := make([]value.Value, len(n.Elements))
		for i, element := range n.Elements {
			items[i] = element.Value()
		}
		return value.List(items...)
	case Object:
		c := value.NewCollection(len(n.Members))
		for _, m := range n.Members {
			c.Set(m.Key.Text, m.Value.Value())
		}
		return value.FromCollection(c)
	}
	return value.Undefined
}
