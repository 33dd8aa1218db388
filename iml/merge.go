package iml

import "github.com/cleat-run/cleat/value"

// Merge returns what dst becomes when src is merged into it as lodash's _.merge does
// (communication.md 8): undefined changes nothing, null and scalars replace, collections
// merge member by member, arrays index by index and never get shorter. Neither argument
// is changed, and the result shares nothing with src.
func Merge(dst, src value.Value) value.Value {
	switch src.Kind() {
	case value.KindUndefined:
		return dst
	case value.KindCollection:
		merged := value.NewCollection(src.Collection().Len())
		if old := dst.Collection(); old != nil {
			for name, v := range old.All() {
				merged.Set(name, v)
			}
		}
		for name, v := range src.Collection().All() {
			merged.Set(name, Merge(merged.Get(name), v))
		}
		return value.FromCollection(merged)
	case value.KindArray:
		items := append([]value.Value(nil), dst.Array().Items()...)
		for i, v := range src.Array().Items() {
			if i < len(items) {
				items[i] = Merge(items[i], v)
			} else {
				items = append(items, v.Clone())
			}
		}
		return value.List(items...)
	}
	return src.Clone()
}

// Clean returns v without undefined members at any depth; undefined elements stay. A
// value that has none is returned as it is, shared.
func Clean(v value.Value) value.Value {
	switch {
	case !hasUndefined(v):
		return v
	case v.Collection() != nil:
		kept := value.NewCollection(v.Collection().Len())
		for name, member := range v.Collection().All() {
			if !member.IsUndefined() {
				kept.Set(name, Clean(member))
			}
		}
		return value.FromCollection(kept)
	}
	items := make([]value.Value, v.Array().Len())
	for i, item := range v.Array().Items() {
		items[i] = Clean(item)
	}
	return value.List(items...)
}

// hasUndefined reports whether a collection in v has an undefined member.
func hasUndefined(v value.Value) bool {
	for _, item := range v.Array().Items() {
		if hasUndefined(item) {
			return true
		}
	}
	for _, member := range v.Collection().All() {
		if member.IsUndefined() || hasUndefined(member) {
			return true
		}
	}
	return false
}
