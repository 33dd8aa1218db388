package cli

import "strings"

// nearest returns the candidate that resembles a mistyped word most: at most two letters
// differ, or one begins with the other. "" when there is none.
func nearest(word string, candidates []string) string {
	best, found := 3, ""
	for _, c := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d >= best && len(word) > 1 && strings.HasPrefix(c, word) {
			d = 2
		}
		if d < best && d < len(c) {
			best, found = d, c
		}
	}
	return found
}

// distance counts the letters to insert, remove, replace or swap with their neighbour
// (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
