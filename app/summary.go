package app

import "github.com/cleat-run/cleat/source"

// Summary is what an app consists of, in the form of inspect --json.
type Summary struct {
	Name        string             `json:"name"`
	Label       string             `json:"label"`
	Version     int                `json:"version"`
	Layout      Layout             `json:"layout"`
	Components  SummaryComponents  `json:"components"`
	Diagnostics source.Diagnostics `json:"diagnostics"`
}

// SummaryComponents are the components of a [Summary]; no list is ever null.
type SummaryComponents struct {
	Connection []SummaryConnection `json:"connection"`
	Webhook    []SummaryWebhook    `json:"webhook"`
	Module     []SummaryModule     `json:"module"`
	RPC        []SummaryRPC        `json:"rpc"`
	Function   []SummaryID         `json:"function"`
	Endpoint   []SummaryID         `json:"endpoint"`
}

// SummaryConnection is a connection of a [Summary].
type SummaryConnection struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Type  Scheme `json:"type"`
}

// SummaryWebhook is a webhook of a [Summary].
type SummaryWebhook struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Type  string `json:"type"`
}

// SummaryModule is a module of a [Summary]. References that are not there are null.
type SummaryModule struct {
	ID            string     `json:"id"`
	Label         string     `json:"label"`
	Type          ModuleType `json:"type"`
	Crud          *string    `json:"crud"`
	Connection    *string    `json:"connection"`
	AltConnection *string    `json:"altConnection"`
	Webhook       *string    `json:"webhook"`
}

// SummaryRPC is an RPC of a [Summary].
type SummaryRPC struct {
	ID         string  `json:"id"`
	Label      string  `json:"label"`
	Connection *string `json:"connection"`
}

// SummaryID is a component of which a [Summary] tells only the id.
type SummaryID struct {
	ID string `json:"id"`
}

// Summary returns what the app consists of, together with the findings about it.
func (a *App) Summary(found source.Diagnostics) Summary {
	s := Summary{Name: a.Name, Label: a.Label, Version: a.Version, Layout: a.Layout, Diagnostics: found}
	if s.Diagnostics == nil {
		s.Diagnostics = source.Diagnostics{}
	}
	s.Components = SummaryComponents{
		Connection: each(a.Connections, func(c *Connection) SummaryConnection { return SummaryConnection{c.ID, c.Label, c.Kind()} }),
		Webhook:    each(a.Webhooks, func(w *Webhook) SummaryWebhook { return SummaryWebhook{w.ID, w.Label, w.Type} }),
		Module: each(a.Modules, func(m *Module) SummaryModule {
			return SummaryModule{m.ID, m.Label, m.Type, orNull(m.Crud), orNull(m.Connection), orNull(m.AltConnection), orNull(m.Webhook)}
		}),
		RPC:      each(a.RPCs, func(r *RPC) SummaryRPC { return SummaryRPC{r.ID, r.Label, orNull(r.Connection)} }),
		Function: each(a.Functions, func(f *Function) SummaryID { return SummaryID{f.ID} }),
		Endpoint: each(a.Endpoints, func(e *Endpoint) SummaryID { return SummaryID{e.ID} }),
	}
	return s
}

func each[T, S any](list []*T, summary func(*T) S) []S {
	all := make([]S, len(list))
	for i, item := range list {
		all[i] = summary(item)
	}
	return all
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
