package engine

import (
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/js"
)

// Library returns the custom functions of an app.
func Library(a *app.App) *js.Library {
	var functions []js.Function
	for _, f := range a.Functions {
		own := js.Function{Name: f.ID}
		if f.Code != nil {
			own.File, own.Code = f.Code.Name(), f.Code.Text()
		}
		functions = append(functions, own)
	}
	return js.NewLibrary(functions)
}
