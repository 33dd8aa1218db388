// Package appdrive drives every module, trigger, webhook, RPC and endpoint of apps once
// against a stub that answers from the samples or the interface of the app, and tells what
// comes out wrong: crashes, forms that cannot be filled in, requests that are not those of
// the code. It consists of tests: those of the apps of this repository, and of every app
// below the folder that CLEAT_APPS names. What public apps are known to do differently
// stands in a table, and go test -v prints what bundles lack of the interface.
package appdrive
