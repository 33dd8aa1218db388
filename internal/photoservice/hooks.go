package photoservice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// hook is an address that is told of renamed photos.
type hook struct {
	ID     int    `json:"id"`
	URL    string `json:"url"`
	Secret string `json:"secret"` // of the signatures
}

// event is what a hook is told.
type event struct {
	Event  string `json:"event"`
	Photo  *Photo `json:"photo"`
	Before string `json:"before"` // the title
}

// SignatureHeader carries the HMAC-SHA-256 of a body in hexadecimal digits; its key is the
// hook's secret.
const SignatureHeader = "X-Photos-Signature"

// maxHooks is how many hooks the service keeps.
const maxHooks = 100

// addHook registers an address once somebody there has answered a challenge.
func (s *Service) addHook(w http.ResponseWriter, r *http.Request) {
	var wish struct{ URL string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&wish)
	h := hook{URL: wish.URL, Secret: rand.Text()}
	address, wrong := url.Parse(h.URL)
	if err != nil || wrong != nil || address.Host == "" || !h.listens(r.Context()) {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"message": "nobody listens at " + h.URL})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h.ID = 1
	if len(s.hooks) > 0 {
		h.ID = s.hooks[len(s.hooks)-1].ID + 1
	}
	if len(s.hooks) == maxHooks {
		s.hooks = s.hooks[1:]
	}
	s.hooks = append(s.hooks, h)
	answer(w, http.StatusCreated, h)
}

func (s *Service) removeHook(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.hooks)
	s.hooks = slices.DeleteFunc(s.hooks, func(h hook) bool { return strconv.Itoa(h.ID) == r.PathValue("id") })
	if len(s.hooks) == before {
		answer(w, http.StatusNotFound, map[string]string{"message": "there is no hook " + r.PathValue("id")})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Hooks returns the addresses that are told of renamed photos.
func (s *Service) Hooks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, h := range s.hooks {
		all = append(all, h.URL)
	}
	return all
}

// listens reports whether the hook gives a challenge back.
func (h hook) listens(ctx context.Context) bool {
	challenge := rand.Text()
	body, _ := json.Marshal(map[string]string{"event": "ping", "challenge": challenge}) // cannot fail for texts
	echo, err := h.post(ctx, body)
	return err == nil && string(echo) == challenge
}

// tell posts an event to each hook; one that does not listen any more has missed it.
func tell(ctx context.Context, hooks []hook, e event) {
	body, _ := json.Marshal(e) // cannot fail for these types
	for _, h := range hooks {
		h.post(ctx, body)
	}
}

// patience is how long a hook may take to answer.
const patience = 10 * time.Second

func (h hook) post(ctx context.Context, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, []byte(h.Secret))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(SignatureHeader, hex.EncodeToString(mac.Sum(nil)))
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	return io.ReadAll(io.LimitReader(got.Body, 1<<10))
}
