package engine

import "context"

// Observer hears what is done for whoever is named by a context, to tell how long it took.
// It must be safe for concurrent use.
type Observer interface {
	// Exchange hears of an exchange when it has ended, masked as for [Options].Log, with the
	// context of its run.
	Exchange(ctx context.Context, x Exchange)
	// Begin hears that a piece of work begins that is no exchange: what it is, such as
	// "function", and of what, such as its name. It returns the context for the work, and what
	// has to be called with its failure when it ends.
	Begin(ctx context.Context, what, of string) (context.Context, func(error))
}

// Begin tells the observer, if there is one, that a piece of work begins. What it returns
// must be called when the work has ended.
func (e *Engine) Begin(ctx context.Context, what, of string) (context.Context, func(error)) {
	if e.options.Observer == nil {
		return ctx, func(error) {}
	}
	return e.options.Observer.Begin(ctx, what, of)
}
