package work

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSign: the example that Standard Webhooks publish.
func TestSign(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	err := sign(h, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || h.Get("webhook-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" || h.Get("webhook-timestamp") != "1614265330" ||
		h.Get("webhook-signature") != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%v, %v", h, err)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	if a, b := NewSecret(), NewSecret(); a == b || CheckSecret(a) != nil {
		t.Errorf("%q, %q: %v", a, b, CheckSecret(a))
	}
	of := func(n int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n)))
	}
	for secret, good := range map[string]bool{of(24): true, of(64): true, of(23): false, of(65): false, "": false, "whsec_": false, of(32)[6:]: false, "whsec_!": false} {
		if err := CheckSecret(secret); (err == nil) != good {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if err := sign(http.Header{}, "short", "x", time.Now(), nil); err == nil {
		t.Error("it signs with no secret")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0": 0, "-5": 0, "1e3": 0, "99999999999": 24 * time.Hour, "999999999999999999999": 0,
		"Mon, 01 Jun 2026 12:00:30 GMT": 30 * time.Second, "Mon, 01 Jun 2020 12:00:30 GMT": 0, "Wed, 01 Jun 2050 12:00:30 GMT": 24 * time.Hour, "soon": 0} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
