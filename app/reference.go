package app

import (
	"github.com/cleat-run/cleat/source"
)

// references checks what only shows when all components are known.
func (l *loader) references() {
	for _, w := range l.app.Webhooks {
		l.connectionsOf(w.Meta, w.AttachedAccounts, w.Connection, w.AltConnection)
	}
	for _, m := range l.app.Modules {
		l.connectionsOf(m.Meta, m.AttachedAccounts, m.Connection, m.AltConnection)
		l.refer(m.Meta, "webhook", WebhookKind, m.Webhook)
		if m.Type == InstantTrigger && m.Webhook == "" {
			l.report(m.Meta, source.Error, "MAN011", "instant trigger "+quote(m.ID)+" names no webhook", "")
		}
	}
	for _, r := range l.app.RPCs {
		l.connectionsOf(r.Meta, r.AttachedAccounts, r.Connection, r.AltConnection)
	}
	for _, e := range l.app.Endpoints {
		l.connectionsOf(e.Meta, e.AttachedAccounts, "", "")
	}
	for _, o := range l.app.Origins {
		l.checkMapping(o)
	}
}

func (l *loader) connectionsOf(m Meta, attached []string, connection, alternative string) {
	l.refer(m, "connection", ConnectionKind, connection)
	l.refer(m, "altConnection", ConnectionKind, alternative)
	for _, id := range attached {
		l.refer(m, "attachedAccounts", ConnectionKind, id)
	}
}

// refer reports a reference from the metadata m to a component that does not exist.
func (l *loader) refer(m Meta, key string, kind Kind, id string) {
	if id == "" || l.ids[kind][id] {
		return
	}
	l.report(fields{m, l}.first(key), source.Error, "MAN010", key+" names no "+string(kind)+": "+quote(id),
		l.similarID(kind, id))
}
