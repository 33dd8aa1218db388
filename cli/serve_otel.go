package cli

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/cleat-run/cleat/trace"
	"github.com/spf13/pflag"
)

// traceSettings say where traces go.
type traceSettings struct {
	endpoint, headers, service string
	sample                     float64
}

func (s *traceSettings) add(f *pflag.FlagSet) {
	f.StringVar(&s.endpoint, "otel.endpoint", "", "`URL` of a receiver of OpenTelemetry, to which traces are posted (OTLP over HTTP); none are made without")
	f.StringVar(&s.headers, traceHeaders, "", "`headers` of those requests, such as api-key=secret,x-team=7; better in the environment or the file than on the command line")
	f.Float64Var(&s.sample, "otel.sample", 1, "`part` of the traces that is kept, 0 to 1")
	f.StringVar(&s.service, "otel.service", "cleat", "what the server is called in traces")
}

// traceHeaders is a setting that is a secret as a whole.
const traceHeaders = "otel.headers"

// standardVariables are those that every program with OpenTelemetry knows (OpenTelemetry
// Environment Variable Specification). They say a setting that nothing else says.
var standardVariables = map[string]string{
	"otel.endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
	traceHeaders:    "OTEL_EXPORTER_OTLP_HEADERS",
	"otel.service":  "OTEL_SERVICE_NAME",
}

// tracePath is where receivers take traces below their address (OTLP/HTTP).
const tracePath = "/v1/traces"

func (s *traceSettings) options() (trace.Options, error) {
	o := trace.Options{Sample: s.sample, Service: s.service}
	var err error
	if o.Header, err = s.header(); err != nil {
		return o, err
	}
	switch u, err := url.Parse(s.endpoint); {
	case !(s.sample >= 0 && s.sample <= 1):
		return o, usagef("1 keeps all traces, 0.01 one in a hundred", "otel.sample: %v is not between 0 and 1", s.sample)
	case s.service == "":
		return o, usagef("", "otel.service: a name is missing")
	case s.endpoint == "":
		return o, nil
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		return o, usagef("it is like http://localhost:4318", "otel.endpoint: %q is no address of a receiver", masked(s.endpoint))
	case u.User != nil:
		return o, usagef("say it in otel.headers", "otel.endpoint: a password in %q is not sent", masked(s.endpoint))
	case u.Scheme == "http" && len(o.Header) > 0 && !isLoopbackHost(u.Hostname()):
		return o, usagef("use https://", "otel.headers: they are secret, and nothing is encrypted on the way to %s", u.Host)
	default:
		if u.Path = strings.TrimSuffix(u.Path, "/"); !strings.HasSuffix(u.Path, tracePath) {
			u.Path += tracePath
		}
		o.Endpoint = u
		return o, nil
	}
}

// header reads headers as OTEL_EXPORTER_OTLP_HEADERS has them: name=value, separated by
// commas, values percent-encoded. What is wrong is not quoted: it is secret.
func (s *traceSettings) header() (http.Header, error) {
	h := http.Header{}
	for i, pair := range strings.Split(s.headers, ",") {
		if s.headers == "" {
			break
		}
		name, encoded, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		if !found || err != nil || name == "" || strings.ContainsFunc(name, notInHeaderName) || strings.ContainsFunc(value, isControl) {
			return nil, usagef("headers are like api-key=secret,x-team=7", "%s: number %d is no header", traceHeaders, i+1)
		}
		h.Add(name, value)
	}
	return h, nil
}

func notInHeaderName(r rune) bool {
	return !strings.ContainsRune(prefixLetters+".", r)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
