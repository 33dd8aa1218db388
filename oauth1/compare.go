package oauth1

import (
	"fmt"
	"slices"
	"strings"
)

// Parts of a base string, for [Difference].
const (
	PartMethod     = "method"
	PartURI        = "uri"
	PartParameters = "parameters"
	PartForm       = "form" // not three parts joined by &
)

// Difference is the first difference between two base strings.
type Difference struct {
	Equal bool `json:"equal"`

	Part      string `json:"part,omitempty"`      // one of the Part constants
	Parameter string `json:"parameter,omitempty"` // decoded name, if one is concerned
	Ours      string `json:"ours,omitempty"`      // the differing piece, decoded once
	Theirs    string `json:"theirs,omitempty"`

	// Message says in one sentence what differs and, if it is a known mistake,
	// which: port kept, double-encoded, unsorted, missing …
	Message string `json:"message"`
}

// String returns the message.
func (d Difference) String() string { return d.Message }

// CompareBaseString names the first difference between the base string made
// here and the one that a server (or another library) shows.
func CompareBaseString(ours, theirs string) Difference {
	ours, theirs = strings.TrimSpace(ours), strings.TrimSpace(theirs)
	if ours == theirs {
		return Difference{Equal: true, Message: "the base strings are the same: look at the secrets, the signature method, and how the signature is sent"}
	}
	a, b := strings.Split(ours, "&"), strings.Split(theirs, "&")
	if len(a) != 3 || len(b) != 3 {
		return compareForm(ours, theirs, len(a), len(b))
	}
	if a[0] != b[0] {
		d := Difference{Part: PartMethod, Ours: a[0], Theirs: b[0], Message: fmt.Sprintf("the method is %s here and %s there", a[0], b[0])}
		if strings.EqualFold(a[0], b[0]) {
			d.Message += ": it must be upper case"
		}
		return d
	}
	if a[1] != b[1] {
		return compareURI(PercentDecode(a[1]), PercentDecode(b[1]))
	}
	return compareParameters(PercentDecode(a[2]), PercentDecode(b[2]))
}

func compareForm(ours, theirs string, a, b int) Difference {
	d := Difference{Part: PartForm, Ours: ours, Theirs: theirs}
	switch {
	case b > 3 && a == 3:
		d.Message = fmt.Sprintf("theirs has %d parts joined by &, not 3: its parameter string was not percent-encoded", b)
	case PercentDecode(theirs) == ours, PercentDecode(ours) == theirs:
		d.Message = "one base string is percent-encoded once more than the other"
	default:
		d.Message = fmt.Sprintf("a base string has 3 parts joined by &; ours has %d, theirs %d", a, b)
	}
	return d
}

// compareURI names what differs in two base string URIs.
func compareURI(ours, theirs string) Difference {
	d := Difference{Part: PartURI, Ours: ours, Theirs: theirs}
	d.Message = fmt.Sprintf("the base string URI is %s here and %s there", ours, theirs)
	if reason := uriDifference(ours, theirs); reason != "" {
		d.Message += ": " + reason
	}
	return d
}

func uriDifference(ours, theirs string) string {
	a, errA := splitURL(ours)
	b, errB := splitURL(theirs)
	switch {
	case errA != nil || errB != nil:
		return "one of them is no absolute URL"
	case strings.EqualFold(ours, theirs) && (a.hasUpperCase() || b.hasUpperCase()):
		return "scheme and host must be lower case"
	case a.hasQuery != b.hasQuery:
		return "the query does not belong into it"
	case a.scheme != b.scheme:
		return "the scheme differs; a proxy in front of the server may end TLS"
	case a.host != b.host && withoutDefaultPort(a.scheme, a.host) == withoutDefaultPort(b.scheme, b.host):
		return "the default port is kept on one side (RFC 5849 3.4.1.2 drops it)"
	case hostName(a.host) == hostName(b.host) && a.host != b.host:
		return "the port differs"
	case a.host != b.host:
		return "the host differs; the server may see another Host header"
	}
	if a.path == b.path { // one of them has characters that cannot be sent raw
		return "the path is percent-decoded on one side; it is signed as sent"
	}
	return pathDifference(a.path, b.path)
}

// hasUpperCase looks at scheme and authority as written.
func (u wireURL) hasUpperCase() bool {
	head := strings.TrimSuffix(u.prefix, u.path)
	return head != strings.ToLower(head)
}

func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}

func pathDifference(ours, theirs string) string {
	switch {
	case strings.TrimRight(ours, "/") == strings.TrimRight(theirs, "/"):
		return "the slash at the end"
	case strings.EqualFold(ours, theirs) && PercentDecode(ours) == PercentDecode(theirs):
		return "the letter case of the escapes in the path; it is signed as sent"
	case PercentDecode(theirs) == ours || PercentDecode(ours) == theirs:
		return "the path is percent-encoded once more on one side"
	case PercentDecode(ours) == PercentDecode(theirs):
		return "the path is escaped differently; it is signed as sent"
	case strings.EqualFold(ours, theirs):
		return "the letter case of the path"
	}
	return "the path"
}

// compareParameters compares parameter strings, of the form in which they were
// before the last encoding.
func compareParameters(ours, theirs string) Difference {
	a, b := splitPairs(ours), splitPairs(theirs)
	onlyOurs, onlyTheirs := without(a, b), without(b, a)
	switch {
	case len(onlyOurs) == 0 && len(onlyTheirs) == 0:
		return compareOrder(a, b)
	case len(onlyOurs) == 0:
		return missing(onlyTheirs[0], "there", "here", Difference{Theirs: onlyTheirs[0].text})
	}
	p := onlyOurs[0]
	for _, q := range onlyTheirs {
		if q.sameName(p) {
			return compareValue(p, q)
		}
	}
	return missing(p, "here", "there", Difference{Ours: p.text})
}

// pair is name=value of a parameter string, still encoded.
type pair struct{ name, value, text string }

func splitPairs(s string) (list []pair) {
	for piece := range strings.SplitSeq(s, "&") {
		name, value, _ := strings.Cut(piece, "=")
		list = append(list, pair{name, value, piece})
	}
	return list
}

// sameName also holds when one name is encoded once more than the other.
func (p pair) sameName(q pair) bool {
	return p.name == q.name || fullyDecoded(p.name) == fullyDecoded(q.name)
}

// fullyDecoded undoes any number of encodings.
func fullyDecoded(s string) string {
	for {
		decoded := formDecode(s)
		if decoded == s {
			return s
		}
		s = decoded
	}
}

// without returns the pairs of a that have no partner in b.
func without(a, b []pair) (rest []pair) {
	b = slices.Clone(b)
	for _, p := range a {
		if i := slices.Index(b, p); i >= 0 {
			b = slices.Delete(b, i, i+1)
			continue
		}
		rest = append(rest, p)
	}
	return rest
}

func missing(p pair, where, notWhere string, d Difference) Difference {
	d.Part, d.Parameter = PartParameters, PercentDecode(p.name)
	d.Message = fmt.Sprintf("the parameter %s is signed %s but not %s", d.Parameter, where, notWhere)
	switch {
	case d.Parameter == "oauth_signature" || d.Parameter == "realm":
		d.Message += ": it is never signed"
	case p.text == "":
		d.Message = "an empty parameter is signed " + where + ": a ? or & with nothing behind it adds nothing"
	case !strings.HasPrefix(d.Parameter, "oauth_"):
		d.Message += ": check the query, and whether the body is sent as application/x-www-form-urlencoded"
	}
	return d
}

func compareValue(p, q pair) Difference {
	d := Difference{Part: PartParameters, Parameter: fullyDecoded(p.name), Ours: p.text, Theirs: q.text}
	d.Message = fmt.Sprintf("the parameter %s is %s here and %s there", d.Parameter, p.text, q.text)
	ours, theirs := p.text, q.text
	switch {
	case PercentDecode(theirs) == ours:
		d.Message += ": theirs is double-encoded"
	case PercentDecode(ours) == theirs:
		d.Message += ": ours is encoded once more"
	case strings.EqualFold(ours, theirs) && PercentDecode(ours) == PercentDecode(theirs):
		d.Message += ": escapes are written with upper-case digits"
	case strings.ReplaceAll(theirs, "+", "%20") == ours:
		d.Message += ": a space is written %20, not +"
	case strings.ReplaceAll(theirs, "%2B", "%20") == ours || strings.ReplaceAll(ours, "%2B", "%20") == theirs:
		d.Message += ": a plus sign in a query or form is a space"
	case fullyDecoded(ours) == fullyDecoded(theirs):
		d.Message += ": it is encoded differently"
	}
	return d
}

func compareOrder(a, b []pair) Difference {
	for i := range a {
		if a[i] != b[i] {
			return Difference{
				Part: PartParameters, Parameter: PercentDecode(b[i].name), Ours: a[i].text, Theirs: b[i].text,
				Message: fmt.Sprintf("the parameters are the same but unsorted on one side: number %d is %s here and %s there; they are sorted by encoded name, then encoded value", i+1, a[i].text, b[i].text),
			}
		}
	}
	return Difference{Part: PartParameters, Ours: "", Theirs: "", Message: "the parameter strings are encoded differently: upper-case digits, and nothing but A-Z a-z 0-9 - . _ ~ stays"}
}
