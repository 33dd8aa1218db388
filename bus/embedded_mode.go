package bus

// Embedded reports whether the server runs inside this process: then there is no other
// node.
func (b *Bus) Embedded() bool { return b.server != nil }
