package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cleat-run/cleat/record"
)

const (
	idempotencyHeader = "Idempotency-Key"
	maxKey            = 255
	replyAge          = 24 * time.Hour
	maxReply          = 1 << 20 // an answer that is larger is not kept: the request is refused when repeated
)

// once lets a POST with an Idempotency-Key act once: the same key is answered as before
// (draft-ietf-httpapi-idempotency-key-header).
func (s *Server) once(hc huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(hc)
	key := r.Header.Get(idempotencyHeader)
	if key == "" {
		next(hc)
		return
	}
	reply, err := s.reply(r, key, hc.Operation().MaxBodyBytes)
	if err == nil {
		digest := reply.Digest
		var first bool
		if first, err = s.team(actorFrom(r.Context())).BeginReply(r.Context(), reply); err == nil && first {
			s.act(hc, r, reply, next)
			return
		}
		if err == nil {
			err = repeat(w, reply, digest)
		}
	}
	if err != nil {
		writeProblem(w, r, s.Log, err)
	}
}

// reply is the record of a request; its body is read and put back. The key is taken for as
// long as a request may last: one whose node has died is free again then.
func (s *Server) reply(r *http.Request, key string, limit int64) (*record.Reply, error) {
	if len(key) > maxKey {
		return nil, problem(http.StatusUnprocessableEntity, "invalid_request", "%s is at most %d characters", idempotencyHeader, maxKey)
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, endedEarly(err)
	}
	if int64(len(content)) > limit {
		return nil, tooLarge(limit)
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	sum := sha256.New()
	sum.Write([]byte(r.Method + " " + r.URL.RequestURI() + "\n"))
	sum.Write(content)
	return &record.Reply{Key: key, Actor: actorFrom(r.Context()).ID, Digest: hex.EncodeToString(sum.Sum(nil)), Expires: s.Now().Add(s.Limits.Run + time.Minute)}, nil
}

// act does what was asked for and keeps the answer. What failed for a reason of the
// server's own is not kept: it may be tried again.
func (s *Server) act(hc huma.Context, r *http.Request, reply *record.Reply, next func(huma.Context)) {
	_, w := humago.Unwrap(hc)
	kept := &keptAnswer{ResponseWriter: w}
	defer func() { s.endReply(r, reply, kept) }() // after a panic, too: then the key is free
	next(humago.NewContext(hc.Operation(), r, kept))
	kept.done = true
}

// endReply keeps the answer although whoever asked may be gone: that is what the key is for.
func (s *Server) endReply(r *http.Request, reply *record.Reply, kept *keptAnswer) {
	reply.Status, reply.Body, reply.Expires = kept.status, kept.body.Bytes(), s.Now().Add(replyAge)
	switch {
	case !kept.done || kept.status >= 500 || kept.status == http.StatusTooManyRequests:
		reply.Status = 0
	case kept.over:
		reply.Status, reply.Body = http.StatusConflict, nil
	}
	reply.Header, _ = json.Marshal(map[string]string{"Content-Type": kept.Header().Get("Content-Type")}) // cannot fail: texts only
	ctx := context.WithoutCancel(r.Context())
	if err := s.team(actorFrom(ctx)).EndReply(ctx, reply); err != nil {
		s.Log.ErrorContext(ctx, "an answer is not kept for its idempotency key", "error", err)
	}
}

// keptAnswer keeps what is answered.
type keptAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	over   bool
	done   bool // the handler has ended well
}

// SetReadDeadline does nothing: the body is read already, and a deadline would end the
// request when it passes.
func (k *keptAnswer) SetReadDeadline(time.Time) error { return nil }

func (k *keptAnswer) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
	k.ResponseWriter.WriteHeader(status)
}

func (k *keptAnswer) Write(b []byte) (int, error) {
	if k.status == 0 {
		k.status = http.StatusOK
	}
	if k.over = k.over || k.body.Len()+len(b) > maxReply; !k.over {
		k.body.Write(b)
	}
	return k.ResponseWriter.Write(b)
}

func (k *keptAnswer) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// repeat answers as before.
func repeat(w http.ResponseWriter, reply *record.Reply, digest string) error {
	switch {
	case reply.Digest != digest:
		return problem(http.StatusUnprocessableEntity, "key_reused", "another request was made with this %s", idempotencyHeader)
	case reply.Status == 0:
		return busy(http.StatusConflict, "in_progress", time.Second, "the first request with this key is still at work")
	case reply.Status == http.StatusConflict && len(reply.Body) == 0:
		return problem(http.StatusConflict, "answer_not_kept", "the request was done before; its answer was too large to be kept")
	}
	var header map[string]string
	if err := json.Unmarshal(reply.Header, &header); err != nil {
		return err
	}
	for name, line := range header {
		w.Header().Set(name, line)
	}
	w.Header().Set("Idempotent-Replayed", "true")
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
	return nil
}
