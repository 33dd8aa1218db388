package oauth1

import (
	"html"
	"regexp"
	"slices"
)

var (
	echoedBase      = regexp.MustCompile(`\b[A-Z]{3,10}&https?%3[Aa]%2[Ff]%2[Ff][A-Za-z0-9%._~!*'()+-]*&[A-Za-z0-9%._~!*'()+-]*`)
	echoedSignature = regexp.MustCompile(`[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==`)
)

// Echo finds what servers show of their own work in a refusal: base strings, and texts
// that may be signatures by HMAC. Each is told once, in the order of the text, which may
// be HTML.
func Echo(text string) (baseStrings, signatures []string) {
	text = html.UnescapeString(text)
	if len(text) > maxProblemBody {
		text = text[:maxProblemBody]
	}
	return once(echoedBase.FindAllString(text, -1)), once(echoedSignature.FindAllString(text, -1))
}

func once(list []string) (kept []string) {
	for _, text := range list {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}
