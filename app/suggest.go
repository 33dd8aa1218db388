package app

import (
	"slices"
	"strings"
)

// Suggest returns the ids of a kind that resemble id, the nearest first, at most three.
func (a *App) Suggest(kind Kind, id string) []string { return Nearest(id, a.IDs(kind)) }

// Searches for hints are bounded so that a manifest full of mistakes costs little.
const (
	maxHints      = 100
	maxCandidates = 1000
)

// didYouMean returns a hint with the known names that resemble name, or "".
func (l *loader) didYouMean(name string, known []string) string {
	if l.hints++; l.hints > maxHints {
		return ""
	}
	if near := Nearest(name, known[:min(len(known), maxCandidates)]); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

// similarID is didYouMean for the ids of a kind.
func (l *loader) similarID(kind Kind, id string) string {
	if l.hints >= maxHints {
		return ""
	}
	return l.didYouMean(id, l.app.IDs(kind))
}

// maxCompared is the length beyond which names are not compared.
const maxCompared = 128

// Nearest returns up to three of the candidates within a third of the length of name.
func Nearest(name string, candidates []string) []string {
	if len(name) > maxCompared {
		return nil
	}
	type scored struct {
		text     string
		distance int
	}
	var near []scored
	for _, c := range candidates {
		if len(c) > maxCompared {
			continue
		}
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d <= max(len(name), len(c))/3 {
			near = append(near, scored{c, d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return a.distance - b.distance })
	var names []string
	for _, s := range near[:min(3, len(near))] {
		names = append(names, s.text)
	}
	return names
}

// distance is the number of single-byte edits between a and b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
