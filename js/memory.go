//go:build !race

package js

// goMemory is what the process needs beyond the memory of the engine: the Go runtime, and
// copies of arguments and results.
const goMemory = 384 << 20
