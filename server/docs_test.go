package server_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestThePageOfTheInterfaceNamesEveryOperation(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	page := n.visitor().do(t, http.MethodGet, "/docs", nil).is(t, http.StatusOK)
	for path := range n.OpenAPI().Paths {
		if !strings.Contains(string(page.body), " "+path+"</code>") {
			t.Errorf("%s is missing", path)
		}
	}
}
