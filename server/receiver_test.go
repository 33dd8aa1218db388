package server_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// receiver is a destination. It checks what it is sent as Standard Webhooks say, with code
// of its own.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	got    map[string]int // how often a message arrived, by webhook-id
	answer func(w http.ResponseWriter)
}

// sent are the headers of a message. Whom a trigger or a hook belongs to here, and which
// number that team has, is no business of a receiver.
var sent = map[string]*regexp.Regexp{
	"Accept-Encoding":   regexp.MustCompile(`^gzip$`),
	"Cleat-App":         regexp.MustCompile(`^photos$`),
	"Cleat-Source":      regexp.MustCompile(`^(trg_[0-9a-z]{26}|hook_[1-9][0-9]*)$`),
	"Content-Length":    regexp.MustCompile(`^[0-9]+$`),
	"Content-Type":      regexp.MustCompile(`^application/json$`),
	"User-Agent":        regexp.MustCompile(`^cleat$`),
	"Webhook-Id":        regexp.MustCompile(`^evt_[0-9a-z]{26}$`),
	"Webhook-Signature": regexp.MustCompile(`^v1,[0-9A-Za-z+/]{43}=$`),
	"Webhook-Timestamp": regexp.MustCompile(`^[0-9]{10}$`),
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{got: map[string]int{}, answer: func(http.ResponseWriter) {}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err == nil {
			err = r.check(q.Header, body)
		}
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got[q.Header.Get("webhook-id")]++
		r.answer(w)
	}))
	t.Cleanup(r.Close)
	return r
}

// expect sets what the receiver knows of its secret, and how it answers.
func (r *receiver) expect(secret string, answer func(http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
	if answer != nil {
		r.answer = answer
	}
}

func (r *receiver) check(h http.Header, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), body)
	for name, line := range h {
		if known, ok := sent[name]; !ok || !known.MatchString(strings.Join(line, "\n")) {
			return fmt.Errorf("the message says %s: %q", name, line)
		}
	}
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("webhook-signature") != want || !strings.HasPrefix(h.Get("webhook-id"), "evt_") {
		return fmt.Errorf("the message %v is signed %q, not %q", h, h.Get("webhook-signature"), want)
	}
	return nil
}

// count is how many messages have arrived, each counted once.
func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// times is how often a message has arrived.
func (r *receiver) times(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[id]
}
