package app_test

import (
	"fmt"

	"github.com/cleat-run/cleat/app"
)

func ExampleLoad() {
	a, findings, err := app.Load("../testdata/apps/petshop")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Name, len(findings), "findings")
	for _, c := range a.Connections {
		fmt.Println(c.ID, c.Kind())
	}
	base := a.Base.Root()
	fmt.Println(base.Get("baseUrl").Text, a.Base.Doc.Position(base.Get("log")))
	// Output:
	// petshop-ab12cd 0 findings
	// apiKey basic
	// account oauth1
	// cloud oauth2
	// https://api.petshop.example/v1 general/base.iml.json:13:12
}
