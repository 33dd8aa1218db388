package connect

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// steps is one walk through the steps of a connection: what they have gathered so far.
type steps struct {
	c        *Connector
	t        *Type
	name     string
	connID   int64
	scope    []string
	data     *value.Collection
	temp     value.Value
	callback *Callback
	last     engine.State // of the last step
	uid      value.Value
	metadata value.Value
	expires  value.Value
	warnings []string
}

// input is what each step sees (connections.md 2.6). parameters, data and connection are
// one store (CN-3).
func (s *steps) input() engine.Input {
	data := value.FromCollection(s.data)
	redirect := value.Text(s.c.RedirectURI)
	scope := value.NewArray()
	for _, name := range s.scope {
		scope.Append(value.Text(name))
	}
	in := engine.Input{Parameters: data, Connection: data, Data: data, Common: s.t.common, Temp: s.temp, Timezone: s.c.Timezone,
		OAuth1: s.t.Kind == OAuth1, Secrets: s.t.Secrets(s.data)}
	in.Secrets = append(in.Secrets, engine.Leaves(s.temp)...)
	in.Roots = map[string]value.Value{"oauth": value.Object("scope", value.FromArray(scope),
		"redirectUri", redirect, "localRedirectUri", redirect, "makeRedirectUri", redirect)}
	if s.callback != nil {
		in.Roots["query"], in.Roots["body"], in.Roots["headers"] = s.callback.Query, s.callback.Body, s.callback.Headers
	}
	return in
}

// leg runs one step; a missing one is skipped.
func (s *steps) leg(ctx context.Context, section string) error {
	plan := s.t.plans[section]
	if plan == nil {
		return nil
	}
	in := s.input()
	if section == requestToken {
		in.Callback = s.c.RedirectURI
	}
	run := s.c.Engine.Start(plan, in)
	if _, err := run.Value(ctx); err != nil {
		return failure(err)
	}
	s.take(run.State())
	return nil
}

// take keeps what a step has left. Undefined values erase nothing (O2-20).
func (s *steps) take(state engine.State) {
	s.last, s.temp = state, state.Temp
	for name, v := range state.Data.Collection().All() {
		if !v.IsUndefined() {
			s.data.Set(name, v)
		}
	}
	for _, kept := range []struct{ from, into *value.Value }{{&state.UID, &s.uid}, {&state.Metadata, &s.metadata}, {&state.Expires, &s.expires}} {
		if !kept.from.IsNil() {
			*kept.into = *kept.from
		}
	}
	s.warnings = append(s.warnings, state.Warnings...)
}

// check is the whole of a basic connection.
func (s *steps) check(ctx context.Context) (*Started, error) {
	if s.t.plans[""] == nil {
		s.warnings = append(s.warnings, "the app has no request to check this connection with; it is stored unchecked")
	}
	if err := s.leg(ctx, ""); err != nil {
		return nil, err
	}
	return s.store(ctx)
}

// store writes the finished connection: the last step of all.
func (s *steps) store(ctx context.Context) (*Started, error) {
	if size := len(value.FromCollection(s.data).AppendJSON(nil)); size > maxData {
		return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("the connection's data has %d bytes; %d are allowed", size, maxData)}
	}
	if s.connID != 0 {
		record, err := s.c.Store.Connection(ctx, s.connID)
		if err != nil {
			return nil, err
		}
		if record, err = s.update(ctx, record); err != nil {
			return nil, err
		}
		return &Started{Record: record, Warnings: s.warnings}, nil
	}
	record := &Record{Name: s.name, App: s.t.App, Root: s.t.Root, Type: s.t.ID, Kind: s.t.Kind}
	s.fill(record)
	if err := s.c.Store.InsertConnection(ctx, record); err != nil {
		return nil, err
	}
	return &Started{Record: record, Warnings: s.warnings}, nil
}

// update stores what the steps gathered over an existing connection. The account must
// stay the same (CN-22).
func (s *steps) update(ctx context.Context, record *Record) (*Record, error) {
	if uid := s.uid.ToText(); uid != "" && record.UID != "" && uid != record.UID {
		return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("this is another account than the one that connection %q belongs to", record.Name),
			Hint: "make a new connection for it"}
	}
	changed := *record
	changed.Root, changed.Data = s.t.Root, record.Data.Clone()
	for name, v := range s.data.All() {
		changed.Data.Set(name, v)
	}
	s.data = changed.Data
	changed.Broken = ""
	s.fill(&changed)
	if err := s.c.Store.UpdateConnection(ctx, &changed); err != nil {
		return nil, err
	}
	return &changed, nil
}

// maxLabel cuts the label beside the name.
const maxLabel = 512

func (s *steps) fill(record *Record) {
	record.Data, record.Scope = s.data, s.scope
	if uid := s.uid.ToText(); uid != "" {
		record.UID = uid
	}
	if label := s.metadata.Member("value").ToText(); label != "" {
		if utf8.RuneCountInString(label) > maxLabel {
			label = string([]rune(label)[:maxLabel])
		}
		record.Metadata = Metadata{Type: s.metadata.Member("type").ToText(), Value: label}
		if record.Metadata.Type == "" {
			record.Metadata.Type = "text"
		}
	}
	if s.expires.Kind() == value.KindDate {
		record.Expires = s.expires.AsTime()
	}
}
