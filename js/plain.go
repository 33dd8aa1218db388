//go:build !(386 || arm)

package js

import (
	"bytes"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/cleat-run/cleat/value"
	"modernc.org/libc"
	lib "modernc.org/libquickjs"
	"modernc.org/quickjs"
)

// plain writes results that are plain data, straight from the memory of the engine:
// JSON.stringify with a replacer takes six times as long. Data is plain when no code can
// have a say in its text: texts, numbers, booleans, null, undefined, and arrays without
// holes and objects without accessors that have the prototypes of literals. All else, and
// long results, are left to the encode of the core; both give texts of the same meaning.
type plain struct {
	writer
	tls     *libc.TLS
	context uintptr
	scratch uintptr // where the engine puts what it returns by address

	object, array uintptr // prototypes of literals
	names         map[lib.TJSAtom]string
}

const (
	maxPlain      = 1 << 20 // bytes of text, which bounds the work too: every value adds one
	maxPlainDepth = 100
)

// Addresses in the scratch memory.
const (
	scratchTab  = 0
	scratchLen  = 8
	scratchDesc = 16
	scratchSize = scratchDesc + int(unsafe.Sizeof(lib.TJSPropertyDescriptor{}))
)

// rawValue is how the engine's package keeps a value.
type rawValue struct {
	vm *quickjs.VM
	v  lib.TJSValue
}

// plainText returns the text of v, "" when it is not plain.
func plainText(v quickjs.Value, mark string) string {
	tls, context, known := inside(v.VM())
	if !known {
		return ""
	}
	p := plain{writer: writer{mark: mark}, tls: tls, context: context, scratch: tls.Alloc(scratchSize), names: map[lib.TJSAtom]string{}}
	defer tls.Free(scratchSize)
	if p.literals() && p.value((*rawValue)(unsafe.Pointer(&v)).v) {
		return string(p.text)
	}
	if lib.XJS_HasException(tls, context) != 0 { // it had no memory
		lib.XFreeValue(tls, context, lib.XJS_GetException(tls, context))
	}
	return ""
}

// inside returns what the functions of the engine want first. It is not known when the
// engine's package keeps it, or its values, in another way than the one here.
func inside(vm *quickjs.VM) (tls *libc.TLS, context uintptr, known bool) {
	kept, ok := reflect.TypeFor[quickjs.Value]().FieldByName("v")
	if !ok || kept.Type != reflect.TypeFor[lib.TJSValue]() || kept.Offset != unsafe.Offsetof(rawValue{}.v) {
		return nil, 0, false
	}
	in, runtime := reflect.ValueOf(vm).Elem().FieldByName("cContext"), reflect.ValueOf(vm).Elem().FieldByName("runtime")
	if !in.IsValid() || in.Kind() != reflect.Uintptr || !runtime.IsValid() || runtime.Kind() != reflect.Pointer {
		return nil, 0, false
	}
	stack := runtime.Elem().FieldByName("tls")
	if !stack.IsValid() || stack.Type() != reflect.TypeFor[*libc.TLS]() {
		return nil, 0, false
	}
	return (*libc.TLS)(stack.UnsafePointer()), uintptr(in.Uint()), true
}

// literals finds the prototypes of literals, and reports whether they are without toJSON.
func (p *plain) literals() bool {
	object := lib.XJS_GetClassProto(p.tls, p.context, lib.EJS_CLASS_OBJECT)
	array := lib.XJS_GetClassProto(p.tls, p.context, lib.EJS_CLASS_ARRAY)
	defer lib.XFreeValue(p.tls, p.context, object)
	defer lib.XFreeValue(p.tls, p.context, array)
	p.object, p.array = uintptr(payload(object)), uintptr(payload(array))
	return p.prototype(array) == p.object && p.prototype(object) == 0 && !p.has(object, lib.EJS_ATOM_toJSON) && !p.has(array, lib.EJS_ATOM_toJSON)
}

// payload is what a value holds: its number, or the address of its object.
func payload(v lib.TJSValue) uint64 { return *(*uint64)(unsafe.Pointer(&v)) }

func (p *plain) prototype(v lib.TJSValue) uintptr {
	proto := lib.XJS_GetPrototype(p.tls, p.context, v)
	lib.XFreeValue(p.tls, p.context, proto) // v holds it
	if int32(proto.Ftag) != lib.EJS_TAG_OBJECT {
		return 0
	}
	return uintptr(payload(proto))
}

func (p *plain) has(v lib.TJSValue, name lib.TJSAtom) bool {
	return lib.XJS_GetOwnProperty(p.tls, p.context, 0, v, name) != 0
}

func (p *plain) value(v lib.TJSValue) bool {
	if len(p.text) > maxPlain {
		return false
	}
	switch int32(v.Ftag) {
	case lib.EJS_TAG_INT:
		p.text = strconv.AppendInt(p.text, int64(int32(payload(v))), 10)
	case lib.EJS_TAG_BOOL:
		p.text = strconv.AppendBool(p.text, int32(payload(v)) != 0)
	case lib.EJS_TAG_NULL:
		p.text = append(p.text, "null"...)
	case lib.EJS_TAG_FLOAT64:
		p.number(value.Number(math.Float64frombits(payload(v))))
	case lib.EJS_TAG_UNDEFINED:
		p.marked('u', "0")
	case lib.EJS_TAG_STRING, lib.EJS_TAG_STRING_ROPE:
		return p.string(v)
	case lib.EJS_TAG_OBJECT:
		return p.container(v)
	default:
		return false
	}
	return true
}

func (p *plain) string(v lib.TJSValue) bool {
	at := lib.XJS_ToCStringLen2(p.tls, p.context, p.scratch+scratchLen, v, 0)
	if at == 0 {
		return false
	}
	defer lib.XJS_FreeCString(p.tls, p.context, at)
	return p.quote(at)
}

// quote appends the text at an address, whose length is in scratch memory. A lone
// surrogate is not UTF-8.
func (p *plain) quote(at uintptr) bool {
	text := unsafe.Slice((*byte)(unsafe.Add(nil, at)), *(*lib.Tsize_t)(unsafe.Add(nil, p.scratch+scratchLen)))
	if len(text) > maxPlain || bytes.IndexByte(text, 0xed) >= 0 && !utf8.Valid(text) {
		return false
	}
	p.text = value.AppendQuoted(p.text, unsafe.String(unsafe.SliceData(text), len(text)))
	return true
}

func (p *plain) container(v lib.TJSValue) bool {
	if p.depth++; p.depth > maxPlainDepth {
		return false
	}
	defer func() { p.depth-- }()
	if p.has(v, lib.EJS_ATOM_toJSON) {
		return false
	}
	switch proto := p.prototype(v); lib.XJS_GetClassID(p.tls, v) {
	case lib.EJS_CLASS_ARRAY:
		return proto == p.array && p.list(v)
	case lib.EJS_CLASS_OBJECT:
		return proto == p.object && p.members(v)
	}
	return false
}

func (p *plain) list(v lib.TJSValue) bool {
	n, ok := p.property(v, lib.EJS_ATOM_length)
	if !ok || int32(n.Ftag) != lib.EJS_TAG_INT {
		return false
	}
	p.text = append(p.text, '[')
	for i := range uint32(payload(n)) {
		if i > 0 {
			p.text = append(p.text, ',')
		}
		item, ok := p.property(v, lib.XJS_NewAtomUInt32(p.tls, p.context, i)) // below 1<<31 it is no more than a number
		if !ok || !p.value(item) {
			return false
		}
	}
	p.text = append(p.text, ']')
	return true
}

// property returns an own property that is no accessor; v goes on holding it.
func (p *plain) property(v lib.TJSValue, name lib.TJSAtom) (lib.TJSValue, bool) {
	if lib.XJS_GetOwnProperty(p.tls, p.context, p.scratch+scratchDesc, v, name) <= 0 {
		return lib.TJSValue{}, false
	}
	found := (*lib.TJSPropertyDescriptor)(unsafe.Add(nil, p.scratch+scratchDesc))
	lib.XFreeValue(p.tls, p.context, found.Fvalue)
	if found.Fflags&lib.MJS_PROP_GETSET != 0 {
		lib.XFreeValue(p.tls, p.context, found.Fgetter)
		lib.XFreeValue(p.tls, p.context, found.Fsetter)
		return lib.TJSValue{}, false
	}
	return found.Fvalue, true
}

func (p *plain) members(v lib.TJSValue) bool {
	if lib.XJS_GetOwnPropertyNames(p.tls, p.context, p.scratch+scratchTab, p.scratch+scratchLen, v, lib.MJS_GPN_STRING_MASK|lib.MJS_GPN_ENUM_ONLY) < 0 {
		return false
	}
	tab, n := *(*uintptr)(unsafe.Add(nil, p.scratch+scratchTab)), *(*uint32)(unsafe.Add(nil, p.scratch+scratchLen))
	defer lib.XJS_FreePropertyEnum(p.tls, p.context, tab, n)
	p.text = append(p.text, '{')
	for i, property := range unsafe.Slice((*lib.TJSPropertyEnum)(unsafe.Add(nil, tab)), n) {
		if i > 0 {
			p.text = append(p.text, ',')
		}
		member, ok := p.property(v, property.Fatom)
		if !ok || !p.name(property.Fatom) || !p.value(member) {
			return false
		}
	}
	p.text = append(p.text, '}')
	return true
}

// name appends the name of a member and a colon.
func (p *plain) name(atom lib.TJSAtom) bool {
	if known, ok := p.names[atom]; ok {
		p.text = append(p.text, known...)
		return true
	}
	at := lib.XJS_AtomToCStringLen(p.tls, p.context, p.scratch+scratchLen, atom)
	if at == 0 {
		return false
	}
	defer lib.XJS_FreeCString(p.tls, p.context, at)
	begin := len(p.text)
	if !p.quote(at) {
		return false
	}
	p.text = append(p.text, ':')
	p.names[atom] = string(p.text[begin:])
	return true
}
