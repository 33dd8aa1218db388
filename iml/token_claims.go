package iml

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// claims returns the payload of the token as text: a collection with the claims of
// the options, which are those of the npm package jsonwebtoken; any other value as its
// text.
func (t token) claims(env *Env) ([]byte, error) {
	given, options := t.payload.Collection(), t.options
	if given == nil {
		return bytesOf(t.payload), nil
	}
	claims := value.NewCollection(given.Len())
	for name, claim := range given.All() {
		claims.Set(name, inSeconds(claim))
	}
	issued := math.Floor(float64(env.now().UnixMilli()) / 1000)
	if iat := claims.Get("iat"); iat.Kind() == value.KindNumber {
		issued = iat.Float()
	} else if options.Get("noTimestamp").Kind() == value.KindBool && !options.Get("noTimestamp").Truthy() {
		claims.Set("iat", value.Number(issued))
	}
	for _, span := range [...]struct{ option, claim string }{{"notBefore", "nbf"}, {"expiresIn", "exp"}} {
		if v := options.Get(span.option); !v.IsNil() {
			seconds, ok := spanOf(v)
			if !ok {
				return nil, &argumentError{index: t.optionsArg, value: v, what: "time span", hint: "write a number of seconds or a text such as '1h'"}
			}
			if err := addClaim(claims, span.option, span.claim, value.Number(math.Floor(issued+seconds))); err != nil {
				return nil, err
			}
		}
	}
	for _, o := range [...]struct{ option, claim string }{{"audience", "aud"}, {"issuer", "iss"}, {"subject", "sub"}, {"jwtid", "jti"}} {
		if v := options.Get(o.option); !v.IsNil() {
			if err := addClaim(claims, o.option, o.claim, v); err != nil {
				return nil, err
			}
		}
	}
	return value.FromCollection(claims).AppendJSON(nil), nil
}

// inSeconds makes dates NumericDates (RFC 7519 2).
func inSeconds(claim value.Value) value.Value {
	if claim.Kind() == value.KindDate {
		return value.Number(math.Floor(float64(claim.Millis()) / 1000))
	}
	return claim
}

// addClaim refuses what the payload has already, as jsonwebtoken does.
func addClaim(claims *value.Collection, option, name string, v value.Value) error {
	if !claims.Get(name).IsUndefined() {
		//lint:ignore ST1005 the wording of jsonwebtoken
		return fmt.Errorf("Bad \"options.%s\" option the payload already has an \"%s\" property.", option, name)
	}
	claims.Set(name, v)
	return nil
}

// timeSpan is a number with a unit as the npm package ms reads it.
var timeSpan = regexp.MustCompile(`(?i)^(-?(?:\d+)?\.?\d+) *(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w|years?|yrs?|y)?$`)

// spanOf returns the seconds of a number, or of a text, where no unit means
// milliseconds.
func spanOf(v value.Value) (seconds float64, ok bool) {
	if v.Kind() == value.KindNumber {
		return v.Float(), true
	}
	if !v.IsText() || len(v.Str()) > 100 {
		return 0, false
	}
	parts := timeSpan.FindStringSubmatch(v.Str())
	if parts == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(parts[1], 64)
	return n * secondsPer(strings.ToLower(parts[2])), err == nil
}

func secondsPer(unit string) float64 {
	switch {
	case unit == "" || strings.HasPrefix(unit, "ms") || strings.HasPrefix(unit, "milli"):
		return 0.001
	case unit[0] == 's':
		return 1
	case unit[0] == 'm':
		return 60
	case unit[0] == 'h':
		return 3600
	case unit[0] == 'd':
		return 24 * 3600
	case unit[0] == 'w':
		return 7 * 24 * 3600
	}
	return 365.25 * 24 * 3600
}
