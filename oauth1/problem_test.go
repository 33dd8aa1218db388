package oauth1_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

func TestParseProblem(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name, challenge, body string
		want                  *oauth1.ProblemError
	}{
		{"nothing", `Basic realm="x"`, "<html>", nil},
		{"body", "", "oauth_problem=token_rejected&oauth_problem_advice=a%20b", &oauth1.ProblemError{Problem: "token_rejected", Advice: "a b"}},
		{"header", `OAuth realm="R", oauth_problem="token_expired", oauth_problem_advice="a%2Cb"`, "oauth_problem=other", &oauth1.ProblemError{Problem: "token_expired", Advice: "a,b"}},
		{"header without problem", `OAuth realm="R"`, "oauth_problem=p", &oauth1.ProblemError{Problem: "p"}},
		{"JSON", "", ` {"oauth_problem":"p","nested":{"a":1}}`, &oauth1.ProblemError{Problem: "p"}},
		{"timestamps", "", "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=100-200", &oauth1.ProblemError{Problem: "timestamp_refused", AcceptableFrom: time.Unix(100, 0), AcceptableTo: time.Unix(200, 0)}},
		{"timestamps the wrong way round", "", "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=200-100", &oauth1.ProblemError{Problem: "timestamp_refused"}},
		{"versions", "", "oauth_problem=version_rejected&oauth_acceptable_versions=1.0-1.0", &oauth1.ProblemError{Problem: "version_rejected", AcceptableVersions: "1.0-1.0"}},
		{"absent", "", "oauth_problem=parameter_absent&oauth_parameters_absent=oauth_token%26oauth_nonce", &oauth1.ProblemError{Problem: "parameter_absent", Absent: []string{"oauth_token", "oauth_nonce"}}},
		{"rejected, values dropped", "", "oauth_problem=parameter_rejected&oauth_parameters_rejected=a%3Dgeheim", &oauth1.ProblemError{Problem: "parameter_rejected", Rejected: []string{"a"}}},
		{"too long", "", "oauth_problem=p&" + strings.Repeat("x", 70_000), nil},
	} {
		header := http.Header{"Date": {date.Format(http.TimeFormat)}}
		if tt.challenge != "" {
			header.Add("WWW-Authenticate", tt.challenge)
		}
		got := oauth1.ParseProblem(401, header, []byte(tt.body))
		if tt.want != nil {
			tt.want.Status, tt.want.Date = 401, date
		}
		if (got == nil) != (tt.want == nil) || got != nil && !sameProblem(*got, *tt.want) {
			t.Errorf("%s\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

func sameProblem(a, b oauth1.ProblemError) bool {
	return a.Status == b.Status && a.Problem == b.Problem && a.Advice == b.Advice && a.Date.Equal(b.Date) &&
		a.AcceptableFrom.Equal(b.AcceptableFrom) && a.AcceptableTo.Equal(b.AcceptableTo) &&
		a.AcceptableVersions == b.AcceptableVersions && slices.Equal(a.Absent, b.Absent) && slices.Equal(a.Rejected, b.Rejected)
}

// What a server says is made fit for a log.
func TestProblemText(t *testing.T) {
	t.Parallel()
	p := &oauth1.ProblemError{Problem: "a\nb\x1b[31m", Advice: strings.Repeat("ä", 1000)}
	if text := p.Error(); strings.ContainsAny(text, "\n\x1b") || len([]rune(text)) > 400 || !strings.HasSuffix(text, "…") {
		t.Error(text)
	}
}

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ header, want string }{
		{`OAuth a="1",b="2"`, "a=1&b=2"},
		{`oauth realm="x y", a="%26%2B+" , b = "c\"d"`, "a=%26%2B%2B&b=c%22d&realm=x%20y"},
		{"OAuth a=1,b=2,\t c", "a=1&b=2"},
		{`OAuth a="1`, "a=1"},
		{`OAuth a="",,=,b`, "=&a="},
		{"OAuth", ""},
		{`Bearer a="1"`, ""},
		{"", ""},
	} {
		if got := oauth1.NormalizedParameters(oauth1.ParseAuthorization(tt.header)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.header, got, tt.want)
		}
	}
}
