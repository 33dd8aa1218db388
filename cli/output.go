package cli

import (
	"encoding/json"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"
)

// writeJSON writes one document on one line, with < and & as they are.
func writeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(document)
}

// printable replaces what would move the cursor, colour the terminal or turn the reading
// order: the text comes from an app or from a provider. Line ends and tabs stay.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// shellWord quotes a word for a POSIX shell where that is needed, so that a command that
// is proposed can be typed as it stands.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@+,", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// table aligns the columns of rows.
func table(rows [][]string) string {
	var b, trimmed strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for _, text := range row {
			io.WriteString(t, cell(text)+"\t")
		}
		io.WriteString(t, "\n")
	}
	t.Flush()
	for line := range strings.Lines(b.String()) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}

// cell keeps a text from breaking a table.
func cell(text string) string { return strings.Join(strings.Fields(text), " ") }
