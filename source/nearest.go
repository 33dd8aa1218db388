package source

import (
	"slices"
	"strings"
)

// maxCompared is the length beyond which names are not compared.
const maxCompared = 128

// Nearest returns up to three of the known names that resemble a mistyped one, the nearest
// first: letters differ in at most a third of the longer name, or the known one begins with
// it, and none is much farther than the nearest. Capitals make no difference.
func Nearest(name string, known []string) []string {
	type scored struct {
		text  string
		edits int
	}
	if len(name) > maxCompared {
		return nil
	}
	var near []scored
	lower := strings.ToLower(name)
	for _, k := range known {
		if len(k) > maxCompared {
			continue
		}
		edits, most := edits(lower, strings.ToLower(k)), max(len(name), len(k))/3
		if begins := len(name) > 1 && strings.HasPrefix(strings.ToLower(k), lower); begins {
			edits = min(edits, most)
		}
		if edits <= most && edits < len(k) {
			near = append(near, scored{k, edits})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return a.edits - b.edits })
	var names []string
	for _, s := range near[:min(3, len(near))] {
		if s.edits <= near[0].edits+1 {
			names = append(names, s.text)
		}
	}
	return names
}

// DidYouMean is a hint with the names that resemble a mistyped one, "" when none does.
func DidYouMean(name string, known []string) string {
	if near := Nearest(name, known); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

// edits counts the letters to insert, remove, replace or swap with their neighbour
// (optimal string alignment), by bytes.
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
