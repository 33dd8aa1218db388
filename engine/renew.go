package engine

import (
	"context"
	"errors"
	"net/http"
)

// refusesToken reports whether a request failed for its credentials. Such a request did
// nothing and can be repeated whatever its method.
func refusesToken(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Type == InvalidAccessTokenError || e.StatusCode == http.StatusUnauthorized)
}

// renew takes new credentials into the run, once. Its error counts in place of the
// refusal: the connection needs the user, or a later try may succeed.
func (r *Run) renew(ctx context.Context) error {
	renew := r.in.Renew
	r.in.Renew = nil
	in, err := renew(ctx)
	if err != nil {
		return err
	}
	r.in.ConnectionOAuth = in.ConnectionOAuth
	r.mask.Learn(in.Secrets...)
	r.scope.Set("connection", in.Connection)
	return nil
}
