package cli

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
)

func TestTraceShowsAnExchange(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	writeExchange(&out, engine.Exchange{
		Plan: "module listUsers", Step: "request 1", Method: "POST", URL: "https://example.com/users", Duration: 12400 * time.Microsecond,
		RequestHeader: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer ***"}}, RequestBody: `{"page":1}`,
		Status: 200, ResponseHeader: http.Header{"Date": {"now"}}, ResponseBody: "a\nb\x1b\n", Size: 5,
	})
	const want = `* module listUsers, request 1
> POST https://example.com/users
> Authorization: Bearer ***
> Content-Type: application/json
>
> {"page":1}
< 200 OK (12ms, 5 bytes)
< Date: now
<
< a
< b` + "\ufffd\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestTraceIsSilentWithoutTheFlag(t *testing.T) {
	t.Parallel()
	if (&factory{}).tracing(nil) != nil {
		t.Error("somebody listens")
	}
}
