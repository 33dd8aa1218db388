//go:build race

package js

// goMemory leaves room for the race detector, which keeps many bytes for each.
const goMemory = 16 << 30
