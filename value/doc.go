// Package value holds the values that an IML expression sees: undefined, null,
// boolean, number, text, the forced empty text, date, buffer, array and collection.
//
// # Undefined is not null
//
// The zero [Value] is undefined. Undefined members of a collection vanish when the
// collection is written as JSON, undefined elements of an array become null; null
// stays. The forced empty text made by the IML keyword emptystring is a kind of its
// own ([KindEmptyString]) that behaves as "" but survives the rules for unfilled
// parameters.
//
// # Order and digits
//
// A [Collection] keeps its members in the order in which they were set. A number read
// from JSON whose digits a double cannot hold keeps its text, so that long identifiers
// survive a round trip unchanged; arithmetic uses the double.
//
// # Sharing
//
// Arrays and collections are shared by reference, as in JavaScript: [Value.Clone]
// makes a deep copy. A Value may be read by many goroutines; changing an [Array] or a
// [Collection] needs the caller's own lock.
//
// The package imports only the standard library and promises a stable API from v1.
package value
