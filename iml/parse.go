package iml

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

// Bounds of one template, checked while it is parsed.
const (
	maxTemplate  = 1 << 20 // bytes
	maxDepth     = 200
	maxArguments = 1000
)

// parser reads one template. It needs no separate tokens: what a character means depends
// on the place (a digit after a dot is a path step, a hyphen after "headers." a letter).
type parser struct {
	text    string
	pos     int
	depth   int
	dialect Dialect
	found   []finding
}

// finding is a problem or an advice at a range of the template.
type finding struct {
	code       string
	message    string
	hint       string
	start, end int
}

// stop is the panic that leaves the parser at the first fault of an expression.
type stop struct{ finding }

// parseTemplate splits text into its parts. Each faulty expression adds one finding of
// code [CodeSyntax] or [CodeLimit] and is left out.
func parseTemplate(text string, dialect Dialect) (parts []part, found []finding) {
	p := &parser{text: text, dialect: dialect}
	if len(text) > maxTemplate {
		p.report(CodeLimit, 0, 2, fmt.Sprintf("template is longer than %d bytes", maxTemplate), "")
		return nil, p.found
	}
	for p.pos < len(text) {
		at := strings.Index(text[p.pos:], "{{")
		if at < 0 {
			parts = append(parts, part{text: text[p.pos:]})
			break
		}
		open := p.pos + at
		if at > 0 {
			parts = append(parts, part{text: text[p.pos:open]})
			if text[open-1] == '\\' {
				p.report(CodeBackslash, open-1, open, "a back slash before {{ has no meaning", "for a literal {{ write {{'{{'}}")
			}
		}
		if expr := p.expression(open); expr != nil {
			parts = append(parts, part{expr: expr})
		}
	}
	return parts, p.found
}

// expression reads "{{ … }}" at open and returns nil after a fault.
func (p *parser) expression(open int) (expr *node) {
	p.pos, p.depth = open+2, 0
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			p.found = append(p.found, r.finding)
			expr, p.pos = nil, p.recoveryPoint(open+2)
		default:
			panic(r)
		}
	}()
	p.space()
	if p.closes() {
		p.pos += 2
		return &node{kind: kindEmpty, start: open, end: p.pos}
	}
	expr = p.chain(levelOr)
	if p.space(); !p.closes() {
		p.failAfterExpression(open)
	}
	p.pos += 2
	return expr
}

// recoveryPoint returns where the text after a faulty expression begins.
func (p *parser) recoveryPoint(from int) int {
	quote := byte(0)
	for i := from; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '}' && strings.HasPrefix(p.text[i:], "}}"):
			return i + 2
		}
	}
	if end := strings.Index(p.text[from:], "}}"); end >= 0 {
		return from + end + 2
	}
	return len(p.text)
}

// closes reports whether the expression ends here.
func (p *parser) closes() bool { return strings.HasPrefix(p.text[p.pos:], "}}") }

func (p *parser) report(code string, start, end int, message, hint string) {
	p.found = append(p.found, finding{code: code, message: message, hint: hint, start: start, end: end})
}

func (p *parser) fail(start, end int, message, hint string) {
	panic(stop{finding{code: CodeSyntax, message: message, hint: hint, start: start, end: max(end, start+1)}})
}

func (p *parser) limit(at int, message string) {
	panic(stop{finding{code: CodeLimit, message: message, start: at, end: at + 1}})
}

// peek returns the byte at the position, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) rune() (r rune, size int) { return utf8.DecodeRuneInString(p.text[p.pos:]) }

func (p *parser) space() {
	for p.pos < len(p.text) {
		r, size := p.rune()
		if !value.IsSpace(r) {
			return
		}
		p.pos += size
	}
}

func (p *parser) take(c byte) bool {
	if p.peek() == c && p.pos < len(p.text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) descend() {
	if p.depth++; p.depth > maxDepth {
		p.limit(p.pos, fmt.Sprintf("expression is nested deeper than %d levels", maxDepth))
	}
}

// chain reads operands joined by operators of the given level.
func (p *parser) chain(level int) *node {
	if level == levelUnary {
		return p.unary()
	}
	first := p.chain(level + 1)
	var n *node
	for {
		p.space()
		at := p.pos
		op, spelling := p.infix()
		if op == opNone || operators[op].level != level {
			return orNode(n, first)
		}
		p.pos += len(spelling)
		p.space()
		operandAt := p.pos
		next := p.operand(level + 1)
		if n == nil {
			n = &node{kind: kindChain, start: first.start, args: []*node{first}}
		}
		n.ops, n.args, n.end = append(n.ops, op), append(n.args, next), next.end
		p.adviseOperator(spelling, at, operandAt, n.args[len(n.args)-2], next)
	}
}

func orNode(n, otherwise *node) *node {
	if n != nil {
		return n
	}
	return otherwise
}

// operand reads what follows an operator.
func (p *parser) operand(level int) *node {
	switch c := p.peek(); {
	case p.pos >= len(p.text) || c == '}' || c == ')' || c == ']' || c == ',' || c == ';' || c == ':':
		p.fail(p.pos, p.pos+1, "Operator on end of an expression", "an operand is missing after the operator")
	case c == '!' || c == '-':
	default:
		if op, spelling := p.infix(); op != opNone && spelling[0] < 'a' {
			p.failOperator(spelling)
		}
	}
	return p.chain(level)
}

func (p *parser) failOperator(spelling string) {
	hint := ""
	before := strings.TrimRightFunc(p.text[:p.pos], value.IsSpace)
	switch {
	case spelling[0] == '>' && strings.HasSuffix(before, "="):
		hint = "there are no lambdas; use map(array, 'key')"
	case spelling == "/" && strings.HasSuffix(before, "/"):
		hint = "there are no comments inside an expression"
	case spelling[0] == '=' && strings.HasSuffix(before, "+"):
		hint = "there is no assignment; set a member of temp instead"
	}
	p.fail(p.pos, p.pos+len(spelling), "Operator next to operator", hint)
}

// infix returns the operator at the position and how it is written there.
func (p *parser) infix() (operator, string) {
	c := p.peek()
	if c == 'a' || c == 'o' || c == 'm' {
		word := p.text[p.pos:p.identEnd(p.pos)]
		return words[word], word
	}
	if c < '!' || c > '|' {
		return opNone, ""
	}
	for _, s := range spellings {
		if s.text[0] == c && strings.HasPrefix(p.text[p.pos:], s.text) {
			return s.op, s.text
		}
	}
	return opNone, ""
}

// adviseOperator reports spellings that work but surprise.
func (p *parser) adviseOperator(spelling string, at, operandAt int, left, right *node) {
	switch {
	case spelling == "===" || spelling == "!==":
		p.report(CodeStrictEquality, at, at+len(spelling), spelling+" compares loosely, as = does: '1' equals 1", "")
	case spelling[0] >= 'a' && spelling[0] <= 'z':
		p.report(CodeWordOperator, at, at+len(spelling), "the operator "+spelling+" is not portable to Make",
			"write "+operators[words[spelling]].text)
	case spelling == "-" && right.kind == kindName && at == left.end && operandAt == at+1 && left.isNamed():
		p.report(CodeHyphen, left.start, right.end, "the hyphen subtracts "+right.text,
			"for a name with a hyphen write back ticks: "+p.backticked(left, right))
	}
}

// isNamed reports whether n ends in a plain name.
func (n *node) isNamed() bool {
	if n.kind == kindPath {
		last := n.segs[len(n.segs)-1]
		return last.name != "" && !last.isIndex
	}
	return n.kind == kindName
}

func (p *parser) backticked(left, right *node) string {
	whole := p.text[left.start:right.end]
	dot := strings.LastIndexByte(p.text[left.start:left.end], '.') + 1
	return whole[:dot] + "`" + whole[dot:] + "`"
}

// unary reads prefix operators and what they apply to.
func (p *parser) unary() *node {
	p.space()
	p.descend()
	defer func() { p.depth-- }()
	start, op := p.pos, opNone
	switch {
	case p.peek() == '!':
		op = opNot
		p.pos++
	case p.peek() == '-':
		op = opNegate
		p.pos++
	case p.negatesByWord():
		op = opNot
		p.pos += len("not")
		p.report(CodeWordOperator, start, p.pos, "the operator not is not portable to Make", "write !")
	default:
		return p.postfix()
	}
	p.space()
	operand := p.operand(levelUnary)
	return &node{kind: kindUnary, start: start, end: operand.end, ops: []operator{op}, args: []*node{operand}}
}

// negatesByWord reports whether the word not at the position is the operator: an operand
// follows, and not directly an opening bracket, which would be a call.
func (p *parser) negatesByWord() bool {
	if !strings.HasPrefix(p.text[p.pos:], "not") || p.identEnd(p.pos) != p.pos+3 {
		return false
	}
	rest := strings.TrimLeftFunc(p.text[p.pos+3:], value.IsSpace)
	if rest == "" || rest[0] == '(' && p.text[p.pos+3] == '(' {
		return false
	}
	if strings.IndexByte("('\"`!{", rest[0]) >= 0 {
		return !strings.HasPrefix(rest, "!=")
	}
	at := len(p.text) - len(rest)
	end := p.identEnd(at)
	if _, isWord := words[p.text[at:end]]; isWord {
		return false
	}
	return end > at || rest[0] >= '0' && rest[0] <= '9'
}

// postfix reads a primary and the path behind it.
func (p *parser) postfix() *node {
	base := p.primary()
	var segs []segment
	headers := base.kind == kindName && base.text == "headers"
	for {
		at := p.pos
		p.space()
		var seg segment
		switch p.peek() {
		case '.':
			p.pos++
			seg = p.dotSegment(headers)
		case '[':
			p.pos++
			seg = p.index(headers)
		default:
			p.pos = at
			if segs == nil {
				return base
			}
			return &node{kind: kindPath, start: base.start, end: at, args: []*node{base}, segs: segs}
		}
		seg.fold = headers
		segs = append(segs, seg)
		headers = seg.name == "headers" && seg.expr == nil
	}
}

// dotSegment reads the name after a dot.
func (p *parser) dotSegment(headers bool) segment {
	p.space()
	start := p.pos
	c := p.peek()
	switch {
	case c == '`':
		return named(p.backtick())
	case c >= '0' && c <= '9':
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.pos++
		}
		return named(p.text[start:p.pos])
	}
	end := p.identEnd(start)
	if end == start {
		p.failSegment()
	}
	p.pos = end
	if headers {
		p.headerName(start)
	}
	return segment{name: p.text[start:p.pos]}
}

// headerName extends the name that began at start over hyphens without blanks around
// them, which after "headers." belong to the name.
func (p *parser) headerName(start int) {
	end := p.pos
	for p.peek() == '-' {
		rest := p.pos + 1
		for rest < len(p.text) && isNameByte(p.text[rest]) {
			rest++
		}
		if rest == p.pos+1 {
			break
		}
		p.pos = rest
	}
	if p.pos > end {
		name := p.text[start:p.pos]
		p.report(CodeHyphen, start, p.pos, "the name "+name+" holds a hyphen", "write back ticks: headers.`"+name+"`")
	}
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

func (p *parser) failSegment() {
	if p.pos >= len(p.text) || p.closes() {
		p.fail(p.pos, p.pos+1, "Unexpected end of an expression", "a name is missing after the dot")
	}
	p.unexpected("a name, a number or a back-ticked name follows a dot")
}

// index reads what follows "[".
func (p *parser) index(headers bool) segment {
	open := p.pos - 1
	p.space()
	if p.take(']') {
		return segment{isFirst: true}
	}
	if seg, ok := p.staticIndex(open, headers); ok {
		return seg
	}
	nested := strings.HasPrefix(p.text[p.pos:], "{{")
	if nested {
		p.pos += 2
	}
	p.descend()
	expr := p.chain(levelOr)
	p.depth--
	p.space()
	if nested {
		if !p.closes() {
			p.failAfterExpression(open)
		}
		p.pos += 2
		p.space()
	}
	if !p.take(']') {
		p.missing(open, "]")
	}
	return segment{expr: expr}
}

// staticIndex reads a whole number or a text that is all there is between the brackets.
func (p *parser) staticIndex(open int, headers bool) (segment, bool) {
	start := p.pos
	if c := p.peek(); c == '\'' || c == '"' {
		name := p.quoted()
		if p.space(); p.take(']') {
			if headers {
				p.report(CodeQuotedName, open, p.pos, "a quoted name in brackets", "write back ticks: headers.`"+name+"`")
			}
			return named(name), true
		}
		p.pos = start
		return segment{}, false
	}
	p.take('-')
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	n, ok := wholeNumber(p.text[start:p.pos])
	if p.space(); ok && p.take(']') {
		if n == 0 {
			p.report(CodeZeroIndex, open, p.pos, "[0] is always undefined: arrays count from 1", "write [1], or [] for the first element")
		}
		return named(value.FormatNumber(float64(n))), true
	}
	p.pos = start
	return segment{}, false
}

// primary reads one operand without what follows it.
func (p *parser) primary() *node {
	p.space()
	start := p.pos
	switch c := p.peek(); {
	case p.pos >= len(p.text) || p.closes():
		p.fail(start, start+1, "Unexpected end of an expression", "an operand is missing")
	case c == '\'' || c == '"':
		text := p.quoted()
		return &node{kind: kindText, start: start, end: p.pos, text: text, val: value.Text(text)}
	case c >= '0' && c <= '9':
		return p.number()
	case c == '`':
		name := p.backtick()
		if p.spaceBefore('(') {
			p.fail(start, p.pos, "a back-ticked name is no function", "write the name without back ticks")
		}
		return &node{kind: kindName, start: start, end: p.pos, text: name}
	case c == '(':
		return p.group()
	case c == '[':
		return p.array()
	case c == '{' && !strings.HasPrefix(p.text[p.pos:], "{{"):
		return p.object()
	}
	if end := p.identEnd(start); end > start {
		p.pos = end
		return p.name(start)
	}
	p.failOperand()
	return nil
}

func (p *parser) spaceBefore(c byte) bool {
	rest := strings.TrimLeftFunc(p.text[p.pos:], value.IsSpace)
	return rest != "" && rest[0] == c
}

// name makes a keyword, a call or a name of the identifier that has just been read.
func (p *parser) name(start int) *node {
	n := &node{kind: kindName, start: start, end: p.pos, text: p.text[start:p.pos]}
	if p.spaceBefore('(') {
		p.space()
		open := p.pos
		p.pos++
		n.kind = kindCall
		n.args = p.arguments(open, ')')
		n.end = p.pos
	} else if isKeyword(n.text) {
		n.kind = kindKeyword
	}
	return n
}

// group reads "( expr )".
func (p *parser) group() *node {
	open := p.pos
	p.pos++
	p.descend()
	n := p.chain(levelOr)
	p.depth--
	if p.space(); !p.take(')') {
		p.missing(open, ")")
	}
	return n
}

// array reads "[ … ]", which is no literal of the language: Make makes null of it.
func (p *parser) array() *node {
	start := p.pos
	p.pos++
	n := &node{kind: kindArray, start: start, args: p.arguments(start, ']')}
	n.end = p.pos
	p.report(CodeArrayLiteral, start, p.pos, "an array literal is null",
		"write split('a,b', ','), emptyarray, or merge(…)")
	return n
}

// arguments reads expressions up to the closing bracket. An empty one is undefined.
func (p *parser) arguments(open int, closing byte) []*node {
	p.descend()
	defer func() { p.depth-- }()
	var args []*node
	for {
		p.space()
		start := p.pos
		switch c := p.peek(); {
		case c == closing && len(args) == 0:
			p.pos++
			return nil
		case c == closing || c == ',' || c == ';':
			args = append(args, &node{kind: kindEmpty, start: start, end: start})
		default:
			args = append(args, p.chain(levelOr))
		}
		if len(args) > maxArguments {
			p.limit(start, fmt.Sprintf("more than %d arguments", maxArguments))
		}
		p.space()
		if p.take(closing) {
			return args
		}
		p.separator(open, closing)
	}
}

func (p *parser) separator(open int, closing byte) {
	switch c := p.peek(); {
	case c == ',' && p.dialect == Designer:
		p.unexpected("scenario mappings separate arguments with a semicolon")
	case c == ';' && p.dialect == App:
		p.report(CodeSemicolon, p.pos, p.pos+1, "a semicolon separates arguments in scenario mappings only", "write a comma")
	case c != ',' && c != ';':
		p.missing(open, string(rune(closing)))
	}
	p.pos++
}

// object reads "{ key: expr, … }".
func (p *parser) object() *node {
	open := p.pos
	p.pos++
	p.descend()
	defer func() { p.depth-- }()
	n := &node{kind: kindObject, start: open}
	for p.space(); !p.take('}'); p.space() {
		if len(n.keys) > 0 {
			if !p.take(',') {
				p.missing(open, "}")
			}
			p.space()
		}
		n.keys = append(n.keys, p.objectKey())
		if p.space(); !p.take(':') {
			p.unexpected("a colon follows the key of an object")
		}
		n.args = append(n.args, p.chain(levelOr))
		if len(n.args) > maxArguments {
			p.limit(p.pos, fmt.Sprintf("more than %d arguments", maxArguments))
		}
	}
	n.end = p.pos
	p.report(CodeObjectLiteral, open, p.pos, "an object literal is not portable to Make",
		"set the members of a temp object, or write parseJSON('{\"k\":\"v\"}')")
	return n
}

func (p *parser) objectKey() string {
	start := p.pos
	switch p.peek() {
	case '\'', '"':
		return p.quoted()
	case '`':
		return p.backtick()
	}
	if p.pos = p.identEnd(start); p.pos == start {
		p.unexpected("the key of an object is a name, a back-ticked name or a text")
	}
	return p.text[start:p.pos]
}

// number reads a number, or the digits that begin a path such as 1.email.
func (p *parser) number() *node {
	start := p.pos
	p.digits()
	if p.peek() == '.' {
		next, _ := utf8.DecodeRuneInString(p.text[p.pos+1:])
		switch {
		case next >= '0' && next <= '9':
			p.pos++
			p.digits()
		case next == '`' || isIdentStart(next):
			return &node{kind: kindName, start: start, end: p.pos, text: p.text[start:p.pos]}
		}
	}
	p.exponent()
	n := &node{kind: kindNumber, start: start, end: p.pos, text: p.text[start:p.pos]}
	n.val, _ = value.Digits(n.text)
	return n
}

func (p *parser) digits() {
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
}

func (p *parser) exponent() {
	if c := p.peek(); c != 'e' && c != 'E' {
		return
	}
	mark := p.pos
	p.pos++
	if c := p.peek(); c == '+' || c == '-' {
		p.pos++
	}
	digits := p.pos
	if p.digits(); p.pos == digits {
		p.pos = mark
	}
}

// quoted reads a text in quotes. A back slash before a delimiter or a back slash gives
// that character, \n \r \t a control character; before anything else it is kept, so that
// '/\d+/g' needs no doubling.
func (p *parser) quoted() string {
	open, quote := p.pos, p.text[p.pos]
	p.pos++
	start := p.pos
	for ; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case quote:
			p.pos++
			return p.text[start : p.pos-1]
		case '\\':
			return p.escaped(open, quote)
		}
	}
	p.fail(open, open+1, "text is not closed", "close it with "+string(rune(quote)))
	return ""
}

func (p *parser) escaped(open int, quote byte) string {
	text := []byte(p.text[open+1 : p.pos])
	for ; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		if c == quote {
			p.pos++
			return string(text)
		}
		if c != '\\' || p.pos+1 == len(p.text) {
			text = append(text, c)
			continue
		}
		p.pos++
		switch e := p.text[p.pos]; e {
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case quote, '\\':
			text = append(text, e)
		default:
			text = append(text, '\\', e)
		}
	}
	p.fail(open, open+1, "text is not closed", "close it with "+string(rune(quote)))
	return ""
}

// backtick reads a name in back ticks.
func (p *parser) backtick() string {
	open := p.pos
	end := strings.IndexByte(p.text[open+1:], '`')
	if end < 0 {
		p.fail(open, open+1, "back-ticked name is not closed", "close it with `")
	}
	p.pos = open + 1 + end + 1
	name := p.text[open+1 : p.pos-1]
	if strings.Contains(name, "${") {
		p.report(CodeTemplateLiteral, open, p.pos, "back ticks enclose a name; there are no template literals",
			"join texts with +")
	}
	return name
}

// identEnd returns the end of the identifier at the position at, or at.
func (p *parser) identEnd(at int) int {
	for i := at; i < len(p.text); {
		c := p.text[i]
		if c < utf8.RuneSelf {
			if !isNameByte(c) || i == at && c >= '0' && c <= '9' {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(p.text[i:])
		if !unicode.IsLetter(r) && (i == at || !unicode.IsDigit(r) && !unicode.IsMark(r)) {
			return i
		}
		i += size
	}
	return len(p.text)
}

func isIdentStart(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || r == '_' || r == '$')
}

// isIdent reports whether name can be written without back ticks.
func isIdent(name string) bool {
	p := parser{text: name}
	return name != "" && p.identEnd(0) == len(name)
}
