package value

import "strings"

// How many containers, values and bytes of text at most lie in one block. What is kept of
// a document keeps its whole block, so that blocks are small.
const (
	blockContainers = 16
	blockValues     = 64
	blockText       = 512
)

// blocks hands out the parts of a document from blocks of many, which is what most of the
// time of reading JSON would otherwise go to. The size of a block follows what is left of
// the document, in bytes.
type blocks struct {
	free        []Value
	collections []Collection
	arrays      []Array
	texts       strings.Builder
}

func (b *blocks) collection(left int) *Collection {
	if len(b.collections) == 0 {
		b.collections = make([]Collection, blockSize(left, 48, blockContainers))
	}
	c := &b.collections[0]
	b.collections = b.collections[1:]
	return c
}

func (b *blocks) array(left int) *Array {
	if len(b.arrays) == 0 {
		b.arrays = make([]Array, blockSize(left, 48, blockContainers))
	}
	a := &b.arrays[0]
	b.arrays = b.arrays[1:]
	return a
}

// values returns a copy.
func (b *blocks) values(values []Value, left int) []Value {
	n := len(values)
	if n > blockValues/4 {
		return append([]Value(nil), values...)
	}
	if len(b.free) < n {
		b.free = make([]Value, max(n, blockSize(left, 12, blockValues)))
	}
	copied := b.free[:n:n]
	b.free = b.free[n:]
	copy(copied, values)
	return copied
}

func (b *blocks) text(text []byte, left int) string {
	if len(text) > blockText/4 {
		return string(text)
	}
	if b.texts.Cap()-b.texts.Len() < len(text) {
		b.texts.Reset()
		b.texts.Grow(max(len(text), min(left/2, blockText)))
	}
	from := b.texts.Len()
	b.texts.Write(text)
	return b.texts.String()[from:]
}

// blockSize guesses how many of a thing that takes so many bytes are still to come.
func blockSize(left, each, most int) int { return min(1+left/each, most) }
