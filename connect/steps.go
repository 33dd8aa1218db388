package connect

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// steps is one walk through the steps of a connection: what they have gathered so far.
type steps struct {
	c           *Connector
	t           *Type
	name        string
	connID      int64
	anyAccount  bool // the account may change
	endUser     string
	scope       []string
	data        *value.Collection
	temp        value.Value
	redirectURI string
	state       string // of OAuth 2.0
	bound       string // state in the callback of OAuth 1.0
	session     string
	callback    *Callback
	retries     int
	force       bool // conditions are not asked

	last     engine.State // of the last step
	uid      value.Value
	metadata value.Value
	expires  value.Value
	warnings []string
}

// secrets are what the connection holds, what the steps keep, and what the person brought
// back: a code is as good as the token it is exchanged for.
func (s *steps) secrets() []string {
	all := append(s.t.Secrets(s.data), engine.Leaves(s.temp)...)
	if s.callback != nil {
		for _, name := range []string{"code", "oauth_verifier"} {
			all = append(all, engine.Leaves(s.callback.Query.Member(name))...)
			all = append(all, engine.Leaves(s.callback.Body.Member(name))...)
		}
	}
	return all
}

func (s *steps) course() course { return courses[s.t.Kind] }

// input is what each step sees (connections.md 2.6). parameters, data and connection are
// one store (CN-3).
func (s *steps) input() engine.Input {
	data := value.FromCollection(s.data)
	in := engine.Input{Parameters: data, Connection: data, Data: data, Common: s.t.common, Temp: s.temp, Timezone: s.c.Timezone,
		OAuth1: s.t.Kind == OAuth1, ConnectionOAuth: s.signing(), Retries: s.retries, Unconditional: s.force, Secrets: s.secrets(),
		Skew: skew(s.data)}
	if s.c.Functions != nil {
		in.Call = s.call
	}
	in.Roots = map[string]value.Value{"oauth": s.oauth()}
	if s.callback != nil {
		in.Roots["query"], in.Roots["body"], in.Roots["headers"] = s.callback.Query, s.callback.Body, s.callback.Headers
	}
	return in
}

// signing are the defaults of the signature of OAuth 1.0.
func (s *steps) signing() value.Value {
	if s.t.Kind != OAuth1 || s.data.Get(signingKey).Collection() == nil {
		return value.Undefined
	}
	return s.data.Get(signingKey)
}

// call runs a function of the app. Its own time limit ends it; a step has no other hold on
// an evaluation.
func (s *steps) call(name string, args []value.Value) (value.Value, error) {
	return s.c.Functions.Call(context.Background(), s.t.functions, name, args, js.Context{Timezone: s.c.Timezone, Debug: s.debug})
}

// debug passes on what functions say, without secrets.
func (s *steps) debug(text string) {
	if s.c.Debug != nil {
		s.c.Debug(engine.NewMask(s.secrets()).Text(text))
	}
}

// oauth is the root of this name (connections.md O1-76, O1-77, 3.4, 3.5).
func (s *steps) oauth() value.Value {
	redirect := value.Text(s.redirectURI)
	root := value.Object("scope", texts(s.scope), "redirectUri", redirect, "localRedirectUri", redirect, "makeRedirectUri", redirect)
	if s.state != "" {
		root.Collection().Set("state", value.Text(s.state))
	}
	if verifier, challenge := proofKey(s.session, s.state); verifier != "" {
		root.Collection().Set("pkce", value.Object("verifier", value.Text(verifier), "challenge", value.Text(challenge)))
	}
	return root
}

func texts(all []string) value.Value {
	list := value.NewArray()
	for _, text := range all {
		list.Append(value.Text(text))
	}
	return value.FromArray(list)
}

// signingKey is where data keeps what response.oauth gave: defaults of every later
// signature (connections.md O1-35).
const signingKey = "oauth"

// leg runs one step; a missing one is skipped.
func (s *steps) leg(ctx context.Context, section string) error {
	plan := s.t.plans[section]
	if plan == nil {
		return nil
	}
	in := s.input()
	in.FollowClock = section == token || section == refresh || section == accessToken // their times are kept
	if section == requestToken {
		in.Callback = s.redirectURI
		if s.bound != "" {
			in.Callback += "?state=" + s.bound
		}
	}
	run := s.c.Engine.Start(plan, in)
	_, err := run.Value(ctx)
	if err != nil && s.untimely(section, in, run.State()) {
		in.Skew = run.State().Skew
		run = s.c.Engine.Start(plan, in)
		_, err = run.Value(ctx)
	}
	if err != nil {
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
	if signing := state.OAuth.Collection(); signing != nil {
		s.data.Set(signingKey, iml.Merge(s.data.Get(signingKey), state.OAuth))
	}
	s.warnings = append(s.warnings, state.Warnings...)
	s.reckon(state.Skew)
}

// grant takes the scope that the provider says it granted instead of the requested one
// (O2-24); only the token directive calls it.
func (s *steps) grant() {
	var granted []string
	if list := s.last.Scope.Array(); list != nil {
		for _, item := range list.Items() {
			granted = append(granted, item.ToText())
		}
	} else {
		granted = strings.FieldsFunc(s.last.Scope.ToText(), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	}
	if len(granted) > 0 {
		s.scope = distinct(granted)
	}
}

// store writes the finished connection: the last step of all.
func (s *steps) store(ctx context.Context) (*Started, error) {
	if err := fits("the connection's data", s.data); err != nil {
		return nil, err
	}
	if s.connID != 0 {
		record, err := s.c.Store.Connection(ctx, s.connID)
		if err != nil {
			return nil, err
		}
		record.Expires = time.Time{} // CN-22: the new authorization says anew
		if s.t.moved(record.Data, s.data) {
			record.Data = nil
		}
		if record, err = s.update(ctx, record); err != nil {
			return nil, err
		}
		return &Started{Record: record, Warnings: s.warnings}, nil
	}
	record := &Record{Name: s.name, App: s.t.App, Root: s.t.Root, Type: s.t.ID, Kind: s.t.Kind, EndUser: s.endUser}
	s.fill(record)
	if err := s.c.Store.InsertConnection(ctx, record); err != nil {
		return nil, err
	}
	return &Started{Record: record, Warnings: s.warnings}, nil
}

func fits(what string, data *value.Collection) error {
	if size := len(value.FromCollection(data).AppendJSON(nil)); size > maxData {
		return &Error{Reason: Configuration, Message: fmt.Sprintf("%s has %d bytes; %d are allowed", what, size, maxData)}
	}
	return nil
}

// update stores what the steps gathered over an existing connection. The account must
// stay the same (CN-22).
func (s *steps) update(ctx context.Context, record *Record) (*Record, error) {
	if uid := s.uid.ToText(); uid != "" && record.UID != "" && uid != record.UID && !s.anyAccount {
		return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("this is another account than the one that connection %q belongs to", record.Name),
			Hint: "make a new connection for it, or allow the change", Cause: ErrOtherAccount}
	}
	changed := *record
	changed.Root, changed.Data = s.t.Root, record.Data.Clone()
	if s.endUser != "" {
		changed.EndUser = s.endUser
	}
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
