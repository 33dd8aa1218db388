package work

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
)

// TestPlace: of an address a span tells host and path, whatever is masked in it.
func TestPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, host, path string }{
		{"https://api.example.com/v1/photos?key=secret#frag", "api.example.com", "/v1/photos"},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", ""},
		{"https://user:secret@api.example.com/x", "api.example.com", "/x"},
		{"https://api.example.com?q=a/b@c", "api.example.com", ""},
		{"https://api.example.com#/x", "api.example.com", ""},
		{"https://[::1]:80/bot[redacted]/send?a=@b", "[::1]:80", "/bot[redacted]/send"},
		{"https://api.example.com/@me", "api.example.com", "/@me"},
		{"no address", "", ""},
	} {
		if host, path := place(test.address); host != test.host || path != test.path {
			t.Errorf("%s: %q %q, want %q %q", test.address, host, path, test.host, test.path)
		}
	}
}

func TestFailureOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("module: %w", &engine.Error{Type: engine.RateLimitError, Message: "secret"}), "RateLimitError"},
		{&cleat.ConnectionError{Message: "secret"}, "connection"},
		{fmt.Errorf("secret: %w", context.Canceled), "cancelled"},
		{context.DeadlineExceeded, "timeout"},
		{errors.New("secret"), "internal"},
	} {
		if got := failureOf(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
