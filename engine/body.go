package engine

import (
	"fmt"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"

	typeMultipart = "multipart/form-data"
)

// encodeBody makes the bytes of a body and the Content-Type that goes with them
// (communication.md 6.2). kind is the evaluated type directive, "" when it is absent.
func encodeBody(kind string, v value.Value) (body []byte, contentType string, err error) {
	if v.IsUndefined() {
		return nil, "", nil
	}
	switch kind {
	case "":
		if v.IsText() { // a ready text is sent as it is
			body = []byte(v.ToText())
			if _, err := value.ParseJSON(body); err == nil {
				contentType = typeJSON
			}
			return body, contentType, nil
		}
		return v.AppendJSON(nil), typeJSON, nil
	case "json":
		return v.AppendJSON(nil), typeJSON, nil
	case "urlencoded":
		if v.IsText() {
			return []byte(v.ToText()), typeForm, nil
		}
		if v.IsNil() {
			return nil, typeForm, nil
		}
		if v.Collection() == nil {
			return nil, "", fmt.Errorf("a body of type urlencoded must be an object, but is %s", v.Kind())
		}
		return []byte(oauth1.EncodeForm(formPairs(nil, "", v))), typeForm, nil
	case typeMultipart:
		return encodeMultipart(v)
	case "text", "string", "raw":
		if v.Collection() != nil || v.Array() != nil {
			return v.AppendJSON(nil), "", nil
		}
		return []byte(v.ToText()), "", nil
	case "binary":
		if v.Kind() == value.KindBuffer {
			return v.Bytes(), "", nil
		}
		return []byte(v.ToText()), "", nil
	}
	return nil, "", fmt.Errorf("the body type '%s' is not supported", kind)
}

// formPairs flattens a body: null and undefined vanish, arrays repeat the key, nested
// objects become a[b]=c.
func formPairs(pairs []oauth1.Param, name string, v value.Value) []oauth1.Param {
	switch {
	case v.IsNil():
	case v.Collection() != nil:
		for key, item := range v.Collection().All() {
			if name != "" {
				key = name + "[" + key + "]"
			}
			pairs = formPairs(pairs, key, item)
		}
	case v.Array() != nil:
		for _, item := range v.Array().Items() {
			pairs = formPairs(pairs, name, item)
		}
	default:
		pairs = append(pairs, oauth1.Param{Name: name, Value: v.ToText()})
	}
	return pairs
}
