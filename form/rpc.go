package form

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// RPC asks the sources outside a form: it runs the RPC that a [Call] names and returns
// what that gives, a list of options or of fields, or a single one. An implementation is
// called from one goroutine at a time by one use of a form.
type RPC interface {
	Call(ctx context.Context, c Call) (value.Value, error)
}

// RPCFunc is a function that is an [RPC].
type RPCFunc func(ctx context.Context, c Call) (value.Value, error)

// Call runs the function.
func (f RPCFunc) Call(ctx context.Context, c Call) (value.Value, error) { return f(ctx, c) }

// Call is one question to a source outside the form.
type Call struct {
	URL     string            // as the definition has it: rpc://name?key=value, or api://…
	Parents *value.Collection // the fields above the one that asks, and the path so far of a folder
	Values  *value.Collection // everything entered in the form
}

// Name returns what stands between the scheme and the query: the name of an RPC.
func (c Call) Name() string {
	_, rest, _ := strings.Cut(c.URL, "://")
	name, _, _ := strings.Cut(rest, "?")
	return name
}

// Parameters returns what the RPC gets: the values of the form, those of the parents over
// them, and over both the query, whose values are texts; templates in the query are filled
// with the values (parameters.md 6.1).
func (c Call) Parameters() (*value.Collection, error) {
	all := value.NewCollection(c.Values.Len() + c.Parents.Len())
	for _, from := range []*value.Collection{c.Values, c.Parents} {
		for name, v := range from.All() {
			all.Set(name, v)
		}
	}
	_, query, _ := strings.Cut(c.URL, "?")
	scope := scopeOf(all)
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, text, _ := strings.Cut(pair, "=")
		key, keyErr := url.QueryUnescape(key)
		text, textErr := url.QueryUnescape(text)
		if err := errors.Join(keyErr, textErr); err != nil {
			return nil, fmt.Errorf("the query of %s cannot be read: %w", c.URL, err)
		}
		if strings.Contains(text, "{{") {
			program, _ := iml.Compile(text, iml.Options{})
			filled, err := program.Eval(&iml.Env{Scope: scope})
			if err != nil {
				return nil, fmt.Errorf("the query of %s: %w", c.URL, err)
			}
			text = filled.ToText()
		}
		all.Set(key, value.Text(text))
	}
	return all, nil
}

// scopeOf is what an expression inside a form sees: each value by its name, and all of
// them as parameters.
func scopeOf(values *value.Collection) *iml.Scope {
	scope := iml.NewScope()
	for name, v := range values.All() {
		scope.Set(name, v)
	}
	scope.Set("parameters", value.FromCollection(values))
	return scope
}

// checkURL reports a source that nobody can be asked for.
func checkURL(text string) error {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case !ok:
		return fmt.Errorf("%q is no URL of an RPC", text)
	case scheme != "rpc" && scheme != "api":
		return fmt.Errorf("the scheme %s:// is unknown", scheme)
	case rest == "" || rest[0] == '?':
		return fmt.Errorf("%q names no RPC", text)
	}
	return nil
}

// Limits of the questions that one use of a form may cause.
const (
	maxCalls  = 200 // different questions
	maxRemote = 10  // lists of fields from RPCs inside each other
	maxLists  = 500 // lists of fields from RPCs in all
)

// Cache returns an RPC that asks rpc the same question only once. It is safe for
// concurrent use, and meant to live as long as one form is being filled in: forms use
// one by themselves.
func Cache(rpc RPC) RPC {
	if _, cached := rpc.(*cache); cached || rpc == nil {
		return rpc
	}
	return &cache{rpc: rpc, answers: map[string]answer{}}
}

type cache struct {
	rpc     RPC
	mu      sync.Mutex
	answers map[string]answer
}

type answer struct {
	value value.Value
	err   error
}

// Call returns the answer that is known, or asks.
func (c *cache) Call(ctx context.Context, call Call) (value.Value, error) {
	key := append([]byte(call.URL), '\n')
	key = value.FromCollection(call.Parents).AppendJSON(key)
	key = value.FromCollection(call.Values).AppendJSON(append(key, '\n'))
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.answers[string(key)]; ok {
		return known.value, known.err
	}
	if len(c.answers) >= maxCalls {
		return value.Undefined, fmt.Errorf("the form asks more than %d questions", maxCalls)
	}
	v, err := c.rpc.Call(ctx, call)
	if ctx.Err() == nil { // what was cut short may be asked again
		c.answers[string(key)] = answer{v, err}
	}
	return v, err
}
