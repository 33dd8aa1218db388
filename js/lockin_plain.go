//go:build unix && !linux

package js

// lockIn takes from the process what it does not need: memory, processor time, files.
func lockIn(memory, seconds uint64) error { return limitResources(memory, seconds) }
