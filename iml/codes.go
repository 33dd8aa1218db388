package iml

import (
	"strings"

	"github.com/cleat-run/cleat/source"
)

// Codes of the findings of [Compile] and of [Error].
const (
	CodeSyntax          = "IML001" // the expression cannot be read
	CodeUnknownFunction = "IML002" // no function of that name
	CodeArrayLiteral    = "IML003" // [ … ] is null
	CodeObjectLiteral   = "IML004" // { … } is not portable
	CodeSemicolon       = "IML005" // ; in app code
	CodeZeroIndex       = "IML006" // arrays count from 1
	CodeHyphen          = "IML007" // a hyphen in or between names
	CodeQuotedName      = "IML008" // headers['x'] instead of back ticks
	CodeSurplus         = "IML009" // more arguments than the function takes
	CodeMissing         = "IML010" // fewer arguments than the function needs
	CodeStrictEquality  = "IML011" // === is loose
	CodeWordOperator    = "IML012" // and, or, not, mod
	CodeBackslash       = "IML013" // \{{
	CodeTemplateLiteral = "IML014" // ${ in back ticks
	CodeObjectText      = "IML015" // a collection inside text gives {object}
	CodeNotPortable     = "IML016" // a function that Make does not have
	CodeLimit           = "IML020" // a limit of the language or of the evaluation
	CodeFunction        = "IML030" // a function failed
	CodeSpread          = "IML031" // {{...}} of something that is no collection
	CodeRaised          = "IML032" // an error value surfaced
)

// severities gives the severity of each code of the compiler, by default and when
// [Options.Strict] is set. Advice stays advice; what certainly goes wrong becomes an
// error in strict mode.
var severities = map[string][2]source.Severity{
	CodeSyntax:          {source.Error, source.Error},
	CodeLimit:           {source.Error, source.Error},
	CodeUnknownFunction: {source.Warning, source.Error},
	CodeArrayLiteral:    {source.Warning, source.Error},
	CodeZeroIndex:       {source.Warning, source.Error},
	CodeMissing:         {source.Warning, source.Error},
	CodeTemplateLiteral: {source.Warning, source.Error},
	CodeObjectText:      {source.Warning, source.Error},
	CodeObjectLiteral:   {source.Warning, source.Warning},
	CodeSemicolon:       {source.Warning, source.Warning},
	CodeHyphen:          {source.Warning, source.Warning},
	CodeSurplus:         {source.Warning, source.Warning},
	CodeNotPortable:     {source.Warning, source.Warning},
	CodeQuotedName:      {source.Info, source.Info},
	CodeStrictEquality:  {source.Info, source.Info},
	CodeWordOperator:    {source.Info, source.Info},
	CodeBackslash:       {source.Info, source.Info},
}

// Origin says where a template came from.
type Origin interface {
	// Place returns d with file, line, column, pointer and excerpt of the bytes from
	// start to end of the template's text.
	Place(d source.Diagnostic, start, end int) source.Diagnostic
}

// diagnostic makes a finding of the template text into a placed diagnostic.
func (f finding) diagnostic(text string, origin Origin, strict bool) source.Diagnostic {
	severity := severities[f.code][0]
	if strict {
		severity = severities[f.code][1]
	}
	d := source.Diagnostic{Severity: severity, Code: f.code, Message: f.message, Hint: f.hint}
	return place(d, text, origin, f.start, f.end)
}

// place fills in position and excerpt: those of the origin, or the line of the template
// itself without a file.
func place(d source.Diagnostic, text string, origin Origin, start, end int) source.Diagnostic {
	if origin != nil {
		return origin.Place(d, start, min(end, max(start+1, len(text))))
	}
	d = d.At(source.NewFile("", []byte(text)), start, min(end, len(text)))
	if !strings.Contains(text, "\n") {
		d.Line = 0 // "line 1" of a text that has one line says nothing
	}
	return d
}
