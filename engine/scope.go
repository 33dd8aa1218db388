package engine

import (
	"errors"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// evaluate evaluates a directive in the scope of the run; an absent one is undefined.
func (r *Run) evaluate(req *request, d *directive) (value.Value, error) {
	if d == nil {
		return value.Undefined, nil
	}
	v, err := d.Eval(&r.env)
	if err != nil {
		return value.Undefined, r.wrongExpression(req, d, err)
	}
	if e := v.Err(); e != nil {
		return value.Undefined, r.wrongExpression(req, d, e)
	}
	return v, nil
}

// wrongExpression turns an error of an expression into one of the run: an error value
// made by errorFactory keeps its type, anything else is a RuntimeError.
func (r *Run) wrongExpression(req *request, d *directive, err error) error {
	e := &Error{Type: RuntimeError, Message: err.Error(), Step: req.step, Directive: d.name, Position: req.at[d.name], Cause: err}
	var made *value.Error
	if errors.As(err, &made) {
		e.Type, e.Message = knownType(made.Type), made.Message
		return e
	}
	var wrong *iml.Error
	if errors.As(err, &wrong) {
		e.Message, e.Hint = wrong.Message, wrong.Hint
	}
	return e
}

// mergeTemp merges a temp block into temp.
func (r *Run) mergeTemp(req *request, d *directive) error {
	r.temp.Value = r.scope.Get("temp")
	given, err := r.merge(req, d, &r.temp)
	r.hide(given)
	r.scope.Set("temp", r.temp.Value)
	return err
}

func (r *Run) sees(answer *answer) {
	r.scope.Set("body", answer.body)
	r.scope.Set("headers", answer.headers)
	r.scope.Set("statusCode", value.Int(answer.status))
}

// isTrue evaluates a condition; an absent one holds.
func (r *Run) isTrue(req *request, d *directive) (bool, error) {
	if d == nil {
		return true, nil
	}
	v, err := r.evaluate(req, d)
	return v.Truthy(), err
}

// environment is the root environment: the time zone and whether the run is debugged.
func environment(timezone string, debug bool) value.Value {
	if timezone == "" {
		timezone = "UTC"
	}
	return environmentNames.Of(value.Text(timezone), value.Bool(debug))
}

var environmentNames = value.NewLayout([]string{"timezone", "debug"})

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}
