package oauth1

import "strings"

// wire is a request as it will be sent, taken apart once.
type wire struct {
	method      string // upper case
	url         wireURL
	contentType string
	body        []byte // empty when nobody needs it
	// hash computes the body hash of a body that is not held in body.
	hash func(Method) (string, error)
}

func wireOf(r Request) (wire, error) {
	u, err := splitURL(r.URL)
	if err != nil {
		return wire{}, err
	}
	if r.Host != "" {
		if u.host, err = hostOf(r.Host); err != nil {
			return wire{}, urlError(r.URL, err.Error())
		}
	}
	return wire{method: verb(r.Method), url: u, contentType: r.ContentType, body: r.Body}, nil
}

// verb is the request method in the base string: upper case, GET by default.
func verb(method string) string {
	if method == "" {
		return "GET"
	}
	return strings.ToUpper(method)
}
