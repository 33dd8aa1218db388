package engine

import (
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// mergeQuery puts qs over the query of the address (communication.md 5.3): qs wins per
// key and takes the place of an address key; without qs the query stays as written.
func mergeQuery(query string, qs value.Value, repeatKeys bool) (string, error) {
	own, err := queryPairs(qs, repeatKeys)
	if err != nil || len(own) == 0 {
		return query, err
	}
	if query == "" {
		return oauth1.EncodeForm(own), nil
	}
	var merged []oauth1.Param
	placed := map[string]bool{}
	for _, p := range oauth1.ParseForm(query) {
		if !overridden(own, p.Name) {
			merged = append(merged, p)
		} else if !placed[p.Name] {
			placed[p.Name] = true
			merged = append(merged, only(own, p.Name)...)
		}
	}
	for _, p := range own {
		if !placed[p.Name] {
			merged = append(merged, p)
		}
	}
	return oauth1.EncodeForm(merged), nil
}

func overridden(pairs []oauth1.Param, name string) bool { return len(only(pairs, name)) > 0 }

func only(pairs []oauth1.Param, name string) (found []oauth1.Param) {
	for _, p := range pairs {
		if p.Name == name {
			found = append(found, p)
		}
	}
	return found
}

// queryPairs flattens qs (communication.md 5.4): arrays repeat the key, or number it when
// useQuerystring is false; undefined and null vanish, an object is written as JSON.
func queryPairs(qs value.Value, repeatKeys bool) ([]oauth1.Param, error) {
	if qs.IsNil() {
		return nil, nil
	}
	if qs.Collection() == nil {
		return nil, fmt.Errorf("qs must be an object, but is %s", qs.Kind())
	}
	pairs := make([]oauth1.Param, 0, qs.Collection().Len())
	for name, v := range qs.Collection().All() {
		items := []value.Value{v}
		list := v.Array()
		if list != nil {
			items = list.Items()
		}
		for i, item := range items {
			name := name
			if list != nil && !repeatKeys {
				name += "[" + strconv.Itoa(i) + "]"
			}
			switch {
			case item.IsNil():
			case item.Kind() == value.KindBuffer:
				return nil, fmt.Errorf("qs.%s is a buffer", name)
			case item.Collection() != nil || item.Array() != nil:
				pairs = append(pairs, oauth1.Param{Name: name, Value: string(item.AppendJSON(nil))})
			default:
				pairs = append(pairs, oauth1.Param{Name: name, Value: item.ToText()})
			}
		}
	}
	return pairs, nil
}
