package oauth1

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The values of oauth_problem that the OAuth Problem Reporting extension
// defines and this package uses; servers invent others.
const (
	ProblemVersionRejected         = "version_rejected"
	ProblemParameterAbsent         = "parameter_absent"
	ProblemParameterRejected       = "parameter_rejected"
	ProblemTimestampRefused        = "timestamp_refused"
	ProblemNonceUsed               = "nonce_used"
	ProblemSignatureMethodRejected = "signature_method_rejected"
	ProblemSignatureInvalid        = "signature_invalid"
	ProblemConsumerKeyUnknown      = "consumer_key_unknown"
	ProblemTokenRejected           = "token_rejected"
	ProblemTokenExpired            = "token_expired"
	ProblemVerifierInvalid         = "verifier_invalid"
	ProblemPermissionDenied        = "permission_denied"
	ProblemUserRefused             = "user_refused"
)

const (
	maxProblemBody = 64 << 10 // a longer answer is no problem report
	maxProblemText = 300      // of what the server says in an error text
)

// ProblemError is the refusal of a server. Its text never holds the body of
// the answer, only the problem and the advice, cut to a sane length.
type ProblemError struct {
	Status  int    // HTTP status, 0 when there was no answer over HTTP
	Problem string // oauth_problem; empty when the server named none
	Advice  string // oauth_problem_advice, meant for people

	// AcceptableFrom and AcceptableTo come from oauth_acceptable_timestamps;
	// both are zero when the server did not say.
	AcceptableFrom, AcceptableTo time.Time

	// Date is the Date header: what the server thinks the time is.
	Date time.Time

	AcceptableVersions string   // oauth_acceptable_versions as sent
	Absent             []string // names in oauth_parameters_absent
	Rejected           []string // names in oauth_parameters_rejected
}

// Error returns problem, advice and status in one line.
func (e *ProblemError) Error() string {
	text := "oauth: the server refused"
	if e.Problem != "" {
		text += ": " + printable(e.Problem)
	}
	if e.Advice != "" {
		text += ": " + printable(e.Advice)
	}
	if len(e.Absent) > 0 {
		text += ": missing " + printable(strings.Join(e.Absent, ", "))
	}
	if len(e.Rejected) > 0 {
		text += ": rejected " + printable(strings.Join(e.Rejected, ", "))
	}
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	return text
}

// Denied reports whether the resource owner said no.
func (e *ProblemError) Denied() bool {
	return e.Problem == ProblemUserRefused || e.Problem == ProblemPermissionDenied
}

// printable makes the words of a server fit for a log line.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if cut := []rune(s); len(cut) > maxProblemText {
		return string(cut[:maxProblemText]) + "…"
	}
	return s
}

// ParseProblem reads a problem report from an answer: from WWW-Authenticate,
// else from a body that is form-encoded (whatever its label says) or JSON. It
// returns nil when the answer names no oauth_problem. The status does not
// matter: some servers report problems with 200.
func ParseProblem(status int, header http.Header, body []byte) *ProblemError {
	for _, challenge := range header.Values("WWW-Authenticate") {
		if p := problemFrom(ParseAuthorization(challenge)); p != nil {
			return p.with(status, header)
		}
	}
	if len(body) > maxProblemBody || !strings.Contains(string(body), "oauth_problem") {
		return nil
	}
	if p := problemFrom(answerParams(body)); p != nil {
		return p.with(status, header)
	}
	return nil
}

func (e *ProblemError) with(status int, header http.Header) *ProblemError {
	e.Status = status
	e.Date, _ = http.ParseTime(header.Get("Date"))
	return e
}

func problemFrom(params []Param) *ProblemError {
	e := &ProblemError{}
	for _, p := range params {
		switch p.Name {
		case "oauth_problem":
			e.Problem = p.Value
		case "oauth_problem_advice":
			e.Advice = p.Value
		case "oauth_acceptable_versions":
			e.AcceptableVersions = p.Value
		case "oauth_acceptable_timestamps":
			e.AcceptableFrom, e.AcceptableTo = timestampRange(p.Value)
		case "oauth_parameters_absent":
			e.Absent = parameterNames(p.Value)
		case "oauth_parameters_rejected":
			e.Rejected = parameterNames(p.Value)
		}
	}
	if e.Problem == "" {
		return nil
	}
	return e
}

// timestampRange reads "1191242090-1191242190".
func timestampRange(s string) (from, to time.Time) {
	first, last, _ := strings.Cut(s, "-")
	low, err1 := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	high, err2 := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
	if err1 != nil || err2 != nil || low > high {
		return time.Time{}, time.Time{}
	}
	return time.Unix(low, 0), time.Unix(high, 0)
}

// parameterNames keeps the names of a list of parameters: the values may be
// secret.
func parameterNames(s string) (names []string) {
	for _, p := range ParseForm(s) {
		names = append(names, p.Name)
	}
	return names
}

// answerParams reads the parameters of an answer: a form, which most servers
// label text/html or text/plain, or a flat JSON object.
func answerParams(body []byte) []Param {
	text := strings.TrimSpace(string(body))
	if !strings.HasPrefix(text, "{") {
		return ParseForm(text)
	}
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&fields) != nil {
		return nil
	}
	var params []Param
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch v := fields[name].(type) {
		case string, bool, json.Number:
			params = append(params, Param{name, fmt.Sprint(v)})
		}
	}
	return params
}
