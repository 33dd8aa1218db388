package server

import (
	"context"
	"net/http"

	"github.com/cleat-run/cleat/record"
)

func (s *Server) auditRoutes() {
	register(s, route{id: "listAudit", method: http.MethodGet, path: "/v1/audit", tag: "Administration", scope: record.Admin, summary: "Who did what",
		text: "Sign-ins, tokens, people, apps, connections, triggers, hooks, destinations, branding and replays. Lines are never changed."}, s.listAudit)
}

func (s *Server) listAudit(ctx context.Context, a *Actor, in *Paging) (*body[list[record.Audit]], error) {
	all, err := s.team(a).Audits(ctx, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.page(), all, func(l *record.Audit) record.Audit { return *l }, func(l *record.Audit) string { return l.ID }), nil
}
