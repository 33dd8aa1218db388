// Package jsonc reads IMLJSON, the JSON with comments in which Make app code is written,
// into a tree that knows where everything stands, and gives the text back without loss.
//
// [Parse] never stops at the first fault: it reports every one with its place and a hint,
// recovers, and returns what it could read. It never panics and ends in linear time.
//
// # Grammar
//
// JSON as RFC 8259 has it, and:
//
//	accepted silently   // and /* */ comments between tokens, CRLF line ends
//	with a warning      trailing commas (FMT002), a whole text rpc://name without quotes (FMT005),
//	                    and under FMT001: a byte order mark, 'single-quoted' texts, unquoted keys,
//	                    the escape \', real line breaks, tabs and control characters inside
//	                    strings, bytes that are no UTF-8
//	as errors           a repeated key (FMT003; the spread key {{...}} may be repeated), and
//	                    everything else (FMT001)
//
// A text without a value (blank, or comments only) is no fault: [Document.Root] is nil.
//
// # Limits
//
// Nesting deeper than [MaxDepth] and texts longer than [MaxSize] are errors. After
// [MaxErrors] errors the rest of a text is not read.
//
// The package may change before v1 of the project.
package jsonc
