package iml

import "strings"

// The functions below find the next part of a text that a token can read.

// digitsOf finds at least that many digits in a row and takes at most the most.
func digitsOf(least, most int) func(string) (start, end int) {
	return func(s string) (int, int) {
		for start := 0; start < len(s); start++ {
			end := start
			for end < len(s) && end-start < most && isDigit(s[end]) {
				end++
			}
			if end-start >= least {
				return start, end
			}
			start = max(start, end)
		}
		return 0, 0
	}
}

// signedDigits finds digits with an optional sign before them.
func signedDigits(s string) (start, end int) {
	start, end = digitsOf(1, len(s))(s)
	if start > 0 && (s[start-1] == '-' || s[start-1] == '+') {
		start--
	}
	return start, end
}

// findTimestamp finds a number with up to three decimals.
func findTimestamp(s string) (start, end int) {
	start, end = signedDigits(s)
	if end == 0 || end+1 >= len(s) || s[end] != '.' || !isDigit(s[end+1]) {
		return start, end
	}
	for n := 0; n < 3 && end+1 < len(s) && isDigit(s[end+1]); n++ {
		end++
	}
	return start, end + 1
}

// findWord finds letters, with digits that stand right before them.
func findWord(s string) (start, end int) {
	isWord := func(r rune) bool { return r == '\'' || r < 0x80 && isLetterByte(byte(r)) || r >= 0xA0 }
	first := strings.IndexFunc(s, isWord)
	if first < 0 {
		return 0, 0
	}
	end = strings.IndexFunc(s[first:], func(r rune) bool { return !isWord(r) })
	if end < 0 {
		end = len(s) - first
	}
	start = first
	for start > 0 && isDigit(s[start-1]) {
		start--
	}
	return start, first + end
}

func findOrdinal(s string) (start, end int) {
	start, end = digitsOf(1, 2)(s)
	if len(s) >= end+2 && end > 0 {
		switch strings.ToLower(s[end : end+2]) {
		case "st", "nd", "rd", "th":
			end += 2
		}
	}
	return start, end
}

// findHalf finds an a or p, with an m and points behind it.
func findHalf(s string) (start, end int) {
	start = strings.IndexAny(s, "aApP")
	if start < 0 {
		return 0, 0
	}
	end = start + 1
	for _, c := range []string{".", "m", "."} {
		if end < len(s) && strings.EqualFold(s[end:end+1], c) {
			end++
		}
	}
	return start, end
}

// findOffset finds Z, or a sign and two or four digits.
func findOffset(s string) (start, end int) {
	for start := range len(s) {
		switch c := s[start]; {
		case c|0x20 == 'z':
			return start, start + 1
		case c == '+' || c == '-':
			if n := offsetLength(s[start+1:]); n > 0 {
				return start, start + 1 + n
			}
		}
	}
	return 0, 0
}

// offsetLength is the length of HH, HH:MM or HHMM at the beginning of s.
func offsetLength(s string) int {
	twoDigits := func(at int) bool { return len(s) >= at+2 && isDigit(s[at]) && isDigit(s[at+1]) }
	switch {
	case !twoDigits(0):
		return 0
	case len(s) > 2 && s[2] == ':' && twoDigits(3):
		return 5
	case twoDigits(2):
		return 4
	}
	return 2
}
