package oauth1

import (
	"encoding/pem"
	"strings"
)

// findPEM returns the first block whose type is wanted.
func findPEM(text string, wanted func(kind string) bool) *pem.Block {
	rest := []byte(repairPEM(text))
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil || wanted(block.Type) {
			return block
		}
	}
}

// repairPEM gives back the line breaks that JSON, environment variables and
// single-line input fields take away.
func repairPEM(text string) string {
	text = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", `\r`, "\n", "\r\n", "\n", "\r", "\n").Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	text = strings.Join(lines, "\n")
	if strings.Count(strings.TrimSpace(text), "\n") == 0 {
		text = breakLine(text)
	}
	return text
}

// breakLine takes apart a PEM block that stands on a single line, with or
// without spaces where the line breaks were.
func breakLine(text string) string {
	_, begin, ok := strings.Cut(text, "-----BEGIN ")
	kind, rest, ok2 := strings.Cut(begin, "-----")
	body, _, ok3 := strings.Cut(rest, "-----END ")
	if !ok || !ok2 || !ok3 {
		return text
	}
	body = strings.Join(strings.Fields(body), "\n")
	return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n"
}
