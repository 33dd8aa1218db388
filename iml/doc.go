// Package iml parses, compiles and evaluates IML, the expression language of Make's
// custom apps: texts such as
//
//	/users/{{parameters.id}}?since={{formatDate(parameters.since, 'YYYY-MM-DD')}}
//
// # Use
//
// [Compile] turns a text into a [Program] once; [Program.Eval] evaluates it against an
// [Env], whose [Scope] holds the roots (parameters, connection, body, …). A text that is
// one expression and nothing else keeps the type of its value; any other text becomes a
// text. [CompileValue], [ListOf] and [CollectionOf] do the same for arrays and
// collections that hold such texts, including the spread key "{{...}}".
//
// A Program is immutable and safe for concurrent use; an Env belongs to one evaluation
// at a time. Expressions have no side effects except pop and shift.
//
// # Mistakes
//
// Compile collects every mistake of a text as a [source.Diagnostic] with position and
// hint. It always returns a Program: one with a syntax error fails when evaluated.
// Failures at run time are an [*Error] whose message keeps the wording of the original
// engine ("Function 'if' finished with error! …"). Values that come from the roots
// connection, common and oauth are masked in messages.
//
// # Limits
//
// Every evaluation ends: the language has no loops, nesting and template size are bounded
// when compiling, and [Limits] bounds steps, produced text, array sizes and the time of
// regular expressions.
//
// # Time zones
//
// Their rules are embedded, so that a machine without zone files has them too. Package
// time looks there last: a zone file of the machine, or of the variable ZONEINFO, decides
// where there is one, and a machine with older files gives the results of older rules. Go
// offers no way to ask the embedded rules alone.
//
// # Grammar
//
//	template = { text | "{{" [ expr ] "}}" }
//	expr     = or ;                                       and ("|" | "||" | "or") and …
//	and      = equality { ("&" | "&&" | "and") equality }
//	equality = relation { ("=" | "==" | "===" | "!=" | "!==") relation }
//	relation = sum { ("<" | "<=" | ">" | ">=") sum }
//	sum      = product { ("+" | "++" | "-") product }
//	product  = unary { ("*" | "/" | "%" | "mod") unary }
//	unary    = ("!" | "not" | "-") unary | postfix
//	postfix  = primary { "." segment | "[" [ expr ] "]" }
//	primary  = number | string | keyword | call | name | object | "(" expr ")"
//	call     = ident "(" [ args ] ")" ;                   args separated by "," or ";"
//	object   = "{" [ key ":" expr { "," key ":" expr } ] "}"
//	segment  = ident | back-ticked name | digits
//
// # Functions
//
// [Builtins] is the table of functions; each entry of it is a [Function] with name,
// summary, parameters and examples. A caller may extend a copy ([Functions.With]).
//
// The package promises a stable API from v1.
package iml
