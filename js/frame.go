package js

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A message is a frame on a pipe: four bytes with the length of the rest, a byte for the
// kind, and fields, each a length (a varint) and so many bytes.
type message struct {
	kind   kind
	fields []string
}

type kind byte

const (
	kindHello   kind = 'h' // to the child: mark, memory limit; it answers ready
	kindLoad    kind = 'l' // to the child: library id, then name, file and code of each function
	kindCall    kind = 'c' // to the child: library, time limit, zone, function, marks, arguments
	kindTest    kind = 't' // to the child: library, time limit, zone, function, file, code of the test
	kindReady   kind = 'r' // from the child
	kindResult  kind = 'v' // from the child: used up?, debug texts as JSON, value
	kindFailure kind = 'f' // from the child: used up?, debug texts as JSON, failure as JSON
)

// maxFrame bounds a frame either way: a child may be in the hands of its JavaScript.
const maxFrame = 64 << 20

var errTooBig = fmt.Errorf("more than %d MiB cross the border of a function", maxFrame>>20)

var errFrame = errors.New("malformed message between the program and its child")

// send writes a message.
func send(w io.Writer, m message) error {
	size := 1
	for _, field := range m.fields {
		size += binary.MaxVarintLen32 + len(field)
	}
	if size > maxFrame {
		return errTooBig
	}
	frame := append(make([]byte, 0, 4+size), 0, 0, 0, 0, byte(m.kind))
	for _, field := range m.fields {
		frame = binary.AppendUvarint(frame, uint64(len(field)))
		frame = append(frame, field...)
	}
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-4))
	_, err := w.Write(frame)
	return err
}

// receive reads a message; at the end of the stream it returns io.EOF.
func receive(r *bufio.Reader) (message, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size == 0 || size > maxFrame {
		return message{}, errFrame
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return message{}, err
	}
	m := message{kind: kind(body[0])}
	for rest := body[1:]; len(rest) > 0; {
		n, width := binary.Uvarint(rest)
		if width <= 0 || n > uint64(len(rest)-width) {
			return message{}, errFrame
		}
		m.fields = append(m.fields, string(rest[width:width+int(n)]))
		rest = rest[width+int(n):]
	}
	return m, nil
}

// take returns the fields of a message of the given kind with at least n fields.
func (m message) take(want kind, n int) ([]string, error) {
	if m.kind != want || len(m.fields) < n {
		return nil, errFrame
	}
	return m.fields, nil
}
