package docs

import (
	"encoding/json"
	"net/url"

	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/work"
)

// OpenAPI returns the description of the server's interface, as /openapi.json of a server
// with default settings shows it.
func OpenAPI() (string, error) {
	s := server.New(server.Options{Node: &work.Node{}, PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:8480"}, Version: "1"})
	text, err := json.MarshalIndent(s.OpenAPI(), "", "  ")
	return string(text) + "\n", err
}
