package record

import (
	"context"
	"time"
)

// Audit is a line of the audit log: who did what to which object from where (server.md 5).
// Lines are never changed, and removed by nothing but retention.
type Audit struct {
	ID      string    `json:"id"` // aud_…
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`  // id of a user or a token, "" for the server itself
	Action  string    `json:"action"` // such as "connection.delete"
	Object  string    `json:"object"` // id, or name
	Address string    `json:"address,omitempty"`
	Detail  string    `json:"detail,omitempty"` // a sentence without secrets
}

// Audits keeps the audit log of a team.
type Audits interface {
	AppendAudit(ctx context.Context, a *Audit) error
	Audits(ctx context.Context, p Page) ([]*Audit, error)
}
