package engine

import (
	"context"
	"errors"
	"iter"
	"net/http/cookiejar"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// Input is what a run works on. The zero value of a root is undefined; the zero Input
// works for a communication that needs nothing.
type Input struct {
	Parameters value.Value
	Connection value.Value // data of the connection
	Common     value.Value
	Data       value.Value            // the component's stored collection
	Temp       value.Value            // what earlier steps of a flow left
	Roots      map[string]value.Value // further roots: oauth, query, webhook, payload, …
	Timezone   string                 // IANA name; "" is UTC
	Debug      bool
	Limit      int // the caller's own cap on bundles; 0 means none
	Retries    int // how often a refused or lost request is repeated before the run fails

	// Unconditional runs a request whose condition is false, when it is the only one.
	Unconditional bool

	// OAuth1 says that the component uses an OAuth 1.0 connection; ConnectionOAuth is
	// the root oauth object of that connection, evaluated (connections.md O1-33).
	OAuth1          bool
	ConnectionOAuth value.Value
	// Callback is added as oauth_callback to a request for temporary credentials that
	// does not say one itself (O1-41).
	Callback string

	// Skew is how far the clock of the service is ahead of ours: it is added to now. With
	// FollowClock it is learnt from each answer, for what is made of that answer and after
	// (connections.md O2-46).
	Skew        time.Duration
	FollowClock bool

	// Renew is asked once in a run, when a request is refused for its credentials: with
	// InvalidAccessTokenError or 401. Connection, ConnectionOAuth and Secrets of what it
	// returns replace those of the run, and the request is made again
	// (connections.md CN-25, O2-5). Nil: nothing can be renewed.
	Renew func(ctx context.Context) (Input, error)

	Secrets []string // values to mask in logs and errors
	// Log receives the exchanges of this run, masked, beside Options.Log; nil means that
	// nobody listens. It is called from the goroutine of the run.
	Log func(Exchange)
	// Call runs one of the app's own functions; nil means that there are none.
	Call func(name string, args []value.Value) (value.Value, error)
}

// Run is one execution of a plan. It belongs to one goroutine.
type Run struct {
	engine *Engine
	plan   *Plan
	in     Input
	scope  *iml.Scope
	env    iml.Env
	mask   *Mask

	budget     *budget
	challenges map[string]*digestChallenge // of digest, by host
	jar        *cookiejar.Jar              // of the requests with shareCookies; nil until there is a cookie
	mark       Mark
	temp       kept
	data       kept // of response.data
	state      State
	handOut    func(Page) bool // of a polling trigger, see [Run.Pages]
	watch      Watch
	unshown    []func() // exchanges that wait, see [Run.log]
}

// State is what a run leaves besides its bundles.
type State struct {
	Temp     value.Value
	Data     value.Value // merged response.data; undefined when there was none
	UID      value.Value
	Metadata value.Value
	Expires  value.Value
	OAuth    value.Value
	Scope    value.Value
	Headers  value.Value // of the last answer
	Body     value.Value // of the last answer
	Status   int
	Requests int
	Callback string // the oauth_callback that was sent, oob among them
	Warnings []string
	Skew     time.Duration // as given, or as learnt with FollowClock
	Cut      bool          // paging ended at a limit of the run, not of the service
}

// Start begins a run of plan. Nothing is sent before [Run.Bundles] or [Run.Value] asks.
func (e *Engine) Start(plan *Plan, in Input) *Run {
	r := &Run{engine: e, plan: plan, in: in, scope: iml.NewScope(), mask: NewMask(in.Secrets), budget: newBudget(in.Common)}
	for _, root := range []struct {
		name string
		v    value.Value
	}{{"parameters", in.Parameters}, {"connection", in.Connection}, {"common", in.Common}, {"data", in.Data}} {
		if !root.v.IsUndefined() {
			r.scope.Set(root.name, root.v)
		}
	}
	if in.Temp.Collection() == nil {
		in.Temp = value.Object()
	}
	r.scope.Set("temp", in.Temp)
	r.scope.Set("environment", environment(in.Timezone, in.Debug))
	for name, root := range in.Roots {
		r.scope.Set(name, root)
	}
	r.state.Skew = in.Skew
	r.env = iml.Env{Scope: r.scope, Now: r.now, Timezone: in.Timezone, Call: in.Call}
	return r
}

// State returns what the run has left so far.
func (r *Run) State() State {
	s := r.state
	s.Temp, s.Requests = r.scope.Get("temp"), r.budget.requests
	return s
}

// warn keeps what the person should know though the run goes on.
func (r *Run) warn(text string) { r.state.Warnings = append(r.state.Warnings, r.mask.Text(text)) }

// errStop ends a run whose consumer wants no more.
var errStop = errors.New("no more bundles wanted")

// Bundles yields the bundles in order. A page is requested only when the consumer asks
// for more than the pages before it held; an error comes last. An error is an [*Error]
// with its secrets masked.
func (r *Run) Bundles(ctx context.Context) iter.Seq2[value.Value, error] {
	return func(yield func(value.Value, error) bool) {
		out := &finish{run: r, yield: func(v value.Value) bool { return yield(v, nil) }}
		err := r.run(ctx, out)
		r.showAll()
		if err == nil || errors.Is(err, errStop) {
			return
		}
		yield(value.Undefined, r.failed(ctx, err))
	}
}

// Value runs the plan and returns its whole result: a list for the kinds that give
// lists, otherwise one value, undefined when nothing comes out.
func (r *Run) Value(ctx context.Context) (value.Value, error) {
	all := value.NewArray()
	for v, err := range r.Bundles(ctx) {
		if err != nil {
			return value.Undefined, err
		}
		all.Append(v)
	}
	switch rule := rules[r.plan.Kind]; {
	case rule.unwraps && len(r.plan.requests) > 0:
		return r.plan.unwrapped(all), nil
	case rule.list:
		return value.FromArray(all), nil
	}
	return all.At(0), nil
}

// run is the straight line (communication.md 3). Its loops are the only ones: requests
// of the communication, repeats of a request, pages of a repeat.
func (r *Run) run(ctx context.Context, out *finish) error {
	result := value.Undefined
	for i, req := range r.plan.requests {
		last := i == len(r.plan.requests)-1
		got, err := r.turns(ctx, req, out.streaming(req, last))
		if err != nil {
			return err
		}
		if got.Truthy() { // the last truthy result wins (communication.md 3.1)
			result = got
		}
	}
	return out.finish(result)
}

// turns runs one request as often as repeat says.
func (r *Run) turns(ctx context.Context, req *request, out *finish) (result value.Value, err error) {
	for turn := 1; ; turn++ {
		if err := r.mergeTemp(req, req.temp); err != nil {
			return result, err
		}
		wanted, err := r.wanted(req)
		if err != nil {
			return result, err
		}
		if !wanted {
			return r.evaluate(req, req.otherwise)
		}
		batch := newBatch(req, out)
		for page := r.firstPage(req); page != nil; {
			answer, err := r.exchange(ctx, page) // request.go, sign.go, send.go, response.go
			if err != nil {
				return result, err
			}
			if err := r.collect(ctx, batch, answer); err != nil { // bundles.go
				return result, err
			}
			if err := r.give(batch); err != nil { // trigger.go
				return result, err
			}
			if page, err = r.nextPage(ctx, page, batch); err != nil { // pagination.go
				return result, err
			}
		}
		if result, err = r.wrap(batch); err != nil { // finish.go
			return result, err
		}
		again, err := r.again(ctx, req, turn)
		if err != nil || !again {
			return result, err
		}
	}
}

// wanted asks the condition of a request.
func (r *Run) wanted(req *request) (bool, error) {
	if r.in.Unconditional && len(r.plan.requests) == 1 {
		return true, nil
	}
	return r.isTrue(req, req.condition)
}

// again reports whether the request is repeated, and waits before. The condition sees
// temp but not the answer (communication.md 9).
func (r *Run) again(ctx context.Context, req *request, turn int) (bool, error) {
	if req.repeat == nil || turn >= req.repeat.limit {
		return false, nil
	}
	answered := map[string]value.Value{}
	for _, name := range []string{"body", "headers", "statusCode"} {
		answered[name] = r.scope.Get(name)
		r.scope.Delete(name)
	}
	wanted, err := r.isTrue(req, req.repeat.condition)
	for name, v := range answered {
		r.scope.Set(name, v)
	}
	if err != nil || !wanted {
		return false, err
	}
	return true, r.engine.sleep(ctx, time.Duration(req.repeat.delay)*time.Millisecond)
}
