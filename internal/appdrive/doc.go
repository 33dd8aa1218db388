// Package appdrive drives every module, RPC and endpoint of apps once against a stub that
// answers what the app expects, and tells what comes out wrong. It consists of tests:
// those of the apps of this repository, and of every app below the folder that CLEAT_APPS
// names.
package appdrive
