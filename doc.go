// Package cleat runs Make.com custom apps: connectors written as JSON with
// {{expressions}}, unchanged and outside Make's cloud.
//
//	app, err := cleat.Load("examples/photos")
//	module, err := app.Module("searchPhotos")
//	runtime := cleat.New(cleat.Options{Connections: records})
//	run, err := runtime.Start(ctx, module, cleat.Input{Connection: record, Parameters: parameters})
//	for bundle, err := range run.Bundles(ctx) {
//		…
//	}
//
// [Load] reads an app from a folder, from makecomapp.json or from a ZIP. A [Component]
// is a module, an RPC or a webhook of it, compiled. A [Runtime] joins it with a connection
// and runs it: requests are sent only while the caller asks for bundles. A polling trigger
// is compiled by [App.Trigger] and run by [Runtime.Poll], which gives what is new and stores
// how far it came. A webhook at work is a [Hook], an http.Handler whose bundles come from a
// queue on the disk.
//
// Apps' own functions run in child processes, which are the program started anew: main
// begins with [js.ServeIfChild].
//
// The package is a thin face over the packages app (definitions), engine (runs),
// connect (connections), poll (triggers), webhook (hooks) and store (their
// records), which can be used alone.
package cleat
