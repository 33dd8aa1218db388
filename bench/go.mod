module github.com/cleat-run/cleat/bench

go 1.26.0

require (
	cel.dev/cel-go v0.32.0
	github.com/cleat-run/cleat v0.0.0
	github.com/dghubble/oauth1 v0.7.3
	github.com/expr-lang/expr v1.17.8
	github.com/mrjones/oauth v0.0.0-20190623134757-126b35219450
)

require (
	cel.dev/expr v0.25.1 // indirect
	github.com/antlr4-go/antlr/v4 v4.13.1 // indirect
	github.com/cockroachdb/apd/v3 v3.2.3 // indirect
	github.com/dlclark/regexp2 v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.4 // indirect
	golang.org/x/exp v0.0.0-20240823005443-9b4947da3948 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/genproto/googleapis/api v0.0.0-20240826202546-f6391c0de4c7 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240826202546-f6391c0de4c7 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/cleat-run/cleat => ../
