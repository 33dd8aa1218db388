package iml

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/cleat-run/cleat/value"
)

var markupFunctions = []Function{
	{Name: "ascii", Summary: "Gives the text without characters beyond ASCII; letters lose their accents when asked for.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "removeDiacritics", Optional: true}},
		Examples: []Example{{"ascii('ěščřž', true)", `"escrz"`}, {"ascii('żółw')", `"w"`}}, Call: asciiFunction},
	{Name: "stripHTML", Summary: "Gives the text without tags, comments, scripts and styles; <br> becomes a new line.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"stripHTML('<b>a</b><br>1 < 2 &amp; c')", `"a\n1 < 2 &amp; c"`}}, Call: onText(stripHTML)},
	{Name: "escapeHTML", Summary: "Escapes & < > for HTML.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"escapeHTML('<b> & \"c\"')", `"&lt;b&gt; &amp; \"c\""`}},
		Call: onText(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace)},
	{Name: "escapeMarkdown", Summary: "Puts a back slash before each character that has a meaning in Markdown.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"escapeMarkdown('# *a* | b')", `"\\# \\*a\\* \\| b"`}}, Call: onText(escapeMarkdown)},
	{Name: "escapeJSON", Summary: "Escapes a text for a JSON string, without the quotes.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{`escapeJSON('a"b')`, `"a\\\"b"`}},
		Call: onText(func(s string) string {
			quoted := value.AppendQuoted(nil, s)
			return string(quoted[1 : len(quoted)-1])
		})},
}

// plainLetters are letters that have no decomposition in Unicode.
var plainLetters = strings.NewReplacer("ł", "l", "Ł", "L", "ø", "o", "Ø", "O", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "ħ", "h", "Ħ", "H",
	"ŧ", "t", "Ŧ", "T", "ı", "i", "ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "þ", "th", "Þ", "TH")

func asciiFunction(env *Env, args []value.Value) (value.Value, error) {
	text := arg(args, 0).ToText()
	if !isASCII(text) {
		if arg(args, 1).Truthy() {
			text = plainLetters.Replace(norm.NFD.String(text))
		}
		text = strings.Map(func(r rune) rune {
			if r > unicode.MaxASCII {
				return -1
			}
			return r
		}, text)
	}
	return value.Text(text), env.Produce(len(text))
}

func escapeMarkdown(s string) string {
	escaped := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		if s[i] < utf8.RuneSelf && strings.IndexByte("\\`*_{}[]()#+-.!~>|", s[i]) >= 0 {
			escaped = append(escaped, '\\')
		}
		escaped = append(escaped, s[i])
	}
	return string(escaped)
}

// stripHTML reads each < that begins a tag; any other stays. A tag ends at the next >.
func stripHTML(s string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			return b.String() + s
		}
		b.WriteString(s[:open])
		s = s[open:]
		name, ok := tagName(s)
		if !ok {
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		var closed bool
		if _, after, found := strings.Cut(s, tagClose(s)); found {
			s, closed = after, true
		}
		switch {
		case !closed && name == "!--":
			return b.String() // an open comment hides the rest, as in a browser
		case !closed:
			return b.String() + s
		case name == "br":
			b.WriteByte('\n')
		case name == "script", name == "style":
			s = afterElement(s, name)
		}
	}
}

// tagName returns the name of the tag that s begins with, in lower case: "" of an end
// tag but </br>, "!--" of a comment.
func tagName(s string) (name string, ok bool) {
	if strings.HasPrefix(s, "<!--") {
		return "!--", true
	}
	if strings.HasPrefix(s, "<!") || strings.HasPrefix(s, "<?") {
		return "", true
	}
	rest, isEnd := strings.CutPrefix(s[1:], "/")
	if rest == "" || !isLetterByte(rest[0]) {
		return "", false
	}
	end := 0
	for end < len(rest) && isAlphanumericByte(rest[end]) {
		end++
	}
	name = strings.ToLower(rest[:end])
	if isEnd && name != "br" {
		name = ""
	}
	return name, true
}

func tagClose(s string) string {
	if strings.HasPrefix(s, "<!--") {
		return "-->"
	}
	return ">"
}

// afterElement returns what follows the end tag of an element whose content is no markup.
func afterElement(s, name string) string {
	for i := 0; i < len(s); i++ {
		if s[i] != '<' || len(s)-i < len(name)+2 || s[i+1] != '/' || !strings.EqualFold(s[i+2:i+2+len(name)], name) {
			continue
		}
		end := strings.IndexByte(s[i:], '>')
		if end < 0 {
			return ""
		}
		return s[i+end+1:]
	}
	return ""
}

func isLetterByte(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
