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

// renew takes new credentials into the run, once. If there are none, the error says that
// the connection needs the user; any other failure to renew leaves the refusal as it was.
func (r *Run) renew(ctx context.Context, refusal error) error {
	renew := r.in.Renew
	r.in.Renew = nil
	in, err := renew(ctx)
	var e *Error
	if errors.As(err, &e) && e.Type == InvalidAccessTokenError {
		return err
	}
	if err != nil {
		r.warn("the connection could not be renewed: " + err.Error())
		return refusal
	}
	r.in.ConnectionOAuth, r.in.Secrets = in.ConnectionOAuth, append(r.in.Secrets, in.Secrets...)
	r.mask = NewMask(r.in.Secrets)
	r.scope.Set("connection", in.Connection)
	return nil
}
