package oauth1

import (
	"errors"
	"fmt"
	"net/http"
)

// answers says how a server answers each code: the problem of the Problem
// Reporting extension, and the status of RFC 5849 3.2.
var answers = map[Code]struct {
	problem string
	status  int
}{
	CodeMethodUnknown:     {ProblemSignatureMethodRejected, http.StatusBadRequest},
	CodeDuplicate:         {ProblemParameterRejected, http.StatusBadRequest},
	CodeSeveralTransports: {ProblemParameterRejected, http.StatusBadRequest},
	CodeParameterAbsent:   {ProblemParameterAbsent, http.StatusBadRequest},
	CodeVersionRejected:   {ProblemVersionRejected, http.StatusBadRequest},
	CodeInsecure:          {ProblemSignatureMethodRejected, http.StatusBadRequest},
	CodeTimestampRefused:  {ProblemTimestampRefused, http.StatusUnauthorized},
	CodeConsumerUnknown:   {ProblemConsumerKeyUnknown, http.StatusUnauthorized},
	CodeTokenUnknown:      {ProblemTokenRejected, http.StatusUnauthorized},
	CodeSignatureInvalid:  {ProblemSignatureInvalid, http.StatusUnauthorized},
	CodeBodyHashInvalid:   {ProblemSignatureInvalid, http.StatusUnauthorized},
	CodeNonceUsed:         {ProblemNonceUsed, http.StatusUnauthorized},
}

// Problem returns the oauth_problem to answer with, "" if none fits.
func (e *Error) Problem() string { return answers[e.Code].problem }

// Refuse answers a request that [Verifier.Verify] refused, as RFC 5849 3.2 and
// the Problem Reporting extension have it: status 400 or 401, and the problem in
// WWW-Authenticate and in the body. An error that is no [*Error] becomes a 500
// without any details; the base string is never shown.
func Refuse(w http.ResponseWriter, realm string, err error) {
	var e *Error
	if !errors.As(err, &e) {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	answer, known := answers[e.Code]
	if !known {
		answer.status = http.StatusUnauthorized
	}
	params := e.report()
	challenge := appendQuoted([]byte("OAuth "), "realm", realm)
	for _, p := range params {
		challenge = appendQuoted(append(challenge, ','), p.Name, p.Value)
	}
	w.Header().Set("WWW-Authenticate", string(challenge))
	w.Header().Set("Content-Type", formMediaType)
	w.WriteHeader(answer.status)
	w.Write(appendForm(nil, params)) // the client is gone if this fails
}

// report lists the parameters of a problem report.
func (e *Error) report() []Param {
	problem := e.Problem()
	if problem == "" {
		return nil
	}
	params := []Param{{"oauth_problem", problem}}
	switch e.Code {
	case CodeParameterAbsent:
		params = append(params, Param{"oauth_parameters_absent", e.Parameter})
	case CodeDuplicate:
		params = append(params, Param{"oauth_parameters_rejected", e.Parameter})
	case CodeVersionRejected:
		params = append(params, Param{"oauth_acceptable_versions", "1.0-1.0"})
	case CodeTimestampRefused:
		if !e.to.IsZero() {
			params = append(params, Param{"oauth_acceptable_timestamps", fmt.Sprintf("%d-%d", e.from.Unix(), e.to.Unix())})
		}
	}
	return params
}
