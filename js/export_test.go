package js

import (
	"time"

	"github.com/cleat-run/cleat/value"
	"modernc.org/quickjs"
)

// LockIn makes lockIn visible to the tests.
var LockIn = lockIn

// WriteBoth returns the text of what the body of a function gives, as it is read from the
// memory of the engine, "" when it is not, and as JavaScript writes it; both in the terms
// of mark.
func WriteBoth(mark, body string) (plain, written string, err error) {
	lib, err := compileLibrary([]Function{{Name: "f", File: "f.js", Code: "function f() {" + body + "}"}})
	if err != nil {
		return "", "", err
	}
	m, err := newMachine(&hostCode{mark: mark, parts: map[string][]byte{}}, lib, "UTC", 64<<20)
	if err != nil {
		return "", "", err
	}
	defer m.close()
	m.deadline = time.Now().Add(5 * time.Second)
	result, err := m.entry.CallValue(quickjs.UndefinedValue, "f", "[]", false)
	if err != nil {
		return "", "", err
	}
	defer result.Free()
	plain = plainText(result, mark)
	return plain, m.ask(m.writeEntry, result), nil
}

// Decode makes decode visible to the tests.
func Decode(mark, text string) (value.Value, error) { return decode(mark, text, nil) }
