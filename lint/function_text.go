package lint

import (
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/app"
)

var (
	computedKey = regexp.MustCompile(`[\w$\])]\[\s*[\w$.]*(?i:key|name|prop|property|field|path)\s*\]\s*=[^=]`)
	guarded     = regexp.MustCompile(`__proto__|Object\.create\(null\)|new Map\b|hasOwn`)
	looseAssert = regexp.MustCompile(`\bassert(?:\.(?:ok|equal|notEqual|deepEqual|notDeepEqual))?\(`)
	// backtracking is a repetition of what repeats itself.
	backtracking = regexp.MustCompile(`\((?:\?:)?(?:\[[^\]]*\]|\\?.)[+*]\)[+*]|\((?:\?:)?\.[+*]\)\{`)
)

// The length at which a function is hard to read.
const (
	longFunction   = 40
	manyParameters = 4
)

var signature = regexp.MustCompile(`\bfunction\s+[\w$]+\s*\(([^)]*)\)`)

// style checks how a function is written. Its code is not parsed.
func (p *pass) style(f *app.Function) {
	text := f.Code.Text()
	if at := computedKey.FindStringIndex(text); at != nil && !guarded.MatchString(text) {
		p.script("FUN004", f.Code, at[0]+1, at[1]-2, "a key that is computed may be __proto__", `leave such keys out, or use Object.create(null)`)
	}
	if at := backtracking.FindStringIndex(text); at != nil {
		p.script("FUN010", f.Code, at[0], at[1], "a repetition inside a repetition takes very long for some texts", "say what may not follow")
	}
	if lines := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1; lines > longFunction {
		p.script("FUN009", f.Code, 0, 1, "the function has more than 40 lines", "take it apart")
	}
	if m := signature.FindStringSubmatchIndex(text); m != nil && strings.Count(text[m[2]:m[3]], ",") >= manyParameters {
		p.script("FUN009", f.Code, m[2], m[3], "the function has more than 4 parameters", "give it one object")
	}
	if f.Test == nil {
		return
	}
	if at := looseAssert.FindStringIndex(f.Test.Text()); at != nil {
		p.script("FUN006", f.Test, at[0], at[1], "an assertion that lets much pass", "use assert.strictEqual and assert.deepStrictEqual")
	}
}
