package form

import (
	"regexp"

	"github.com/cleat-run/cleat/value"
)

var emailType = Type{Name: "email", Summary: "An e-mail address.", Stored: "string", Keys: textKeys, convert: toText, accept: acceptEmail, tool: toolFormat("email")}

// email is the rule that browsers have (HTML 4.10.5.1.5), which is stricter than RFC 5322
// in a useful way.
var email = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$")

func acceptEmail(p *pass, f *Field, v value.Value, at *place) {
	if !email.MatchString(v.Str()) {
		p.fail(f, at, CodeFormat, p.shown(f, v)+" is no e-mail address", "")
	}
	acceptText(p, f, v, at)
}
