package js

// LockIn makes lockIn visible to the tests.
var LockIn = lockIn
