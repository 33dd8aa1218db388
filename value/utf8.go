package value

import "unicode/utf8"

// appendValidUTF8 appends s with each ill-formed part replaced by U+FFFD.
func appendValidUTF8(dst []byte, s string) []byte {
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			size = illFormed(s)
		}
		dst = utf8.AppendRune(dst, r)
		s = s[size:]
	}
	return dst
}

// illFormed returns the length of the ill-formed part that s starts with and that one
// U+FFFD replaces: the longest start of a well-formed sequence, at least one byte.
// Unicode 3.9, "U+FFFD Substitution of Maximal Subparts", which is what the decoders of
// browsers and Node do; Go replaces byte by byte, strings.ToValidUTF8 run by run.
func illFormed(s string) int {
	low, high, want := byte(0x80), byte(0xBF), 0
	switch c := s[0]; {
	case 0xC2 <= c && c <= 0xDF:
		want = 1
	case 0xE0 <= c && c <= 0xEF:
		want = 2
		switch c {
		case 0xE0:
			low = 0xA0
		case 0xED:
			high = 0x9F
		}
	case 0xF0 <= c && c <= 0xF4:
		want = 3
		switch c {
		case 0xF0:
			low = 0x90
		case 0xF4:
			high = 0x8F
		}
	}
	n := 1
	for ; n <= want && n < len(s) && low <= s[n] && s[n] <= high; n++ {
		low, high = 0x80, 0xBF
	}
	return n
}
