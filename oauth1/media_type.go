package oauth1

import "strings"

// formMediaType is the only media type whose body is signed (RFC 5849
// 3.4.1.3.1).
const formMediaType = "application/x-www-form-urlencoded"

// isForm reports whether a Content-Type is a form, whatever its letter case
// and parameters.
func isForm(contentType string) bool { return hasMediaType(contentType, formMediaType) }

// hasMediaType compares the media type without its parameters (RFC 9110
// 8.3.1). It is no mime.ParseMediaType: that refuses the whole header when a
// parameter is malformed, and the server still sees a form.
func hasMediaType(contentType, want string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), want)
}
