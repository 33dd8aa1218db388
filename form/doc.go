// Package form reads the language in which Make's custom apps describe forms: the
// parameters of connections, modules, webhooks and RPCs, and the interfaces of what they
// give.
//
// # Use
//
// [Compile] turns the text of a form into a [Form] once, and reports every mistake of its
// author with place and hint. A Form is immutable and safe for concurrent use. It looks
// at values in two stages:
//
//	Check    when a person saves them: nothing is converted, expressions may stand for values
//	Convert  just before a module runs: expressions are evaluated, values are converted
//
// [Form.Resolve] tells which fields a person sees for some values, and what may be chosen.
// [Form.Tool] and [Form.Forman] export a form as a JSON Schema.
//
// # Values
//
// A set of values is a collection keyed by the names of the fields. Nested fields, which a
// field shows under a condition, stand beside that field. What is wrong with a value is a
// [Problem]: a stable code, the path of the value, a message that holds no secret, and the
// place of the field in the definition.
//
// # RPCs
//
// A text rpc://name stands in a form where only the service knows: for options, for fields
// of the whole form, of a collection or nested ones, for the levels of a path. The package
// opens no connection. Who calls it hands over an [RPC], and each question is asked once
// while a form is looked at. Without an RPC what is not known is no problem.
//
// # Limits
//
// Everything ends: fields nest at most 64 levels deep, lists of RPCs at most 10, one use of
// a form asks at most 200 questions, and a pattern that takes too long is a problem of the
// field. The context bounds the questions.
//
// # Types
//
// [Types] is the table of types: validation, conversion, both exports and the commands that
// show forms read it, so that they cannot disagree.
//
// The package promises a stable API from v1.
package form
