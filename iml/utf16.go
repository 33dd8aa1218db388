package iml

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The indexes of texts count UTF-16 units, as in JavaScript: a character beyond U+FFFF
// counts as two. Texts of ASCII, the usual ones, need no conversion.

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}

// cut returns the units from start to end of s; both lie within it. Half of a pair
// becomes U+FFFD.
func cut(s string, start, end int) string {
	if isASCII(s) {
		return s[start:end]
	}
	return string(utf16.Decode(utf16.Encode([]rune(s))[start:end]))
}

// indexUnits returns the position of the first occurrence of part in s at or after the
// unit from, or -1.
func indexUnits(s, part string, from int) int {
	offset := byteOffset(s, from)
	found := strings.Index(s[offset:], part)
	if found < 0 {
		return -1
	}
	return utf16Length(s[:offset+found])
}

// byteOffset is where the unit with that index begins, or the next character when it is
// the second half of a pair; the length of s when there is no such unit.
func byteOffset(s string, unit int) int {
	n := 0
	for i, r := range s {
		if n >= unit {
			return i
		}
		if n++; r > 0xFFFF {
			n++
		}
	}
	return len(s)
}
