package app

import "github.com/cleat-run/cleat/source"

// Suggest returns the ids of a kind that resemble id, the nearest first, at most three.
func (a *App) Suggest(kind Kind, id string) []string { return source.Nearest(id, a.IDs(kind)) }

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
	return source.DidYouMean(name, known[:min(len(known), maxCandidates)])
}

// similarID is didYouMean for the ids of a kind.
func (l *loader) similarID(kind Kind, id string) string {
	if l.hints >= maxHints {
		return ""
	}
	return l.didYouMean(id, l.app.IDs(kind))
}
