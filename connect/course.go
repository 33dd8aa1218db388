package connect

// The directives of OAuth connections (connections.md 2.4 and 3.1).
const (
	requestToken = "requestToken"
	preauthorize = "preauthorize"
	authorize    = "authorize"
	accessToken  = "accessToken"
	token        = "token"
	info         = "info"
	refresh      = "refresh"
	invalidate   = "invalidate"
)

// course says in which order the directives of a kind of connection run. A directive that
// the app does not have is skipped.
type course struct {
	before []string // up to the provider's page
	after  []string // behind the callback, or at once when there is no page
	check  string   // tests a connection that exists
	others []string // run when they are needed
}

// courses are those of all kinds: connections.md 2.4 and O2-1. The code of a basic
// connection is one request without a name.
var courses = map[Kind]course{
	Basic:  {after: []string{""}},
	OAuth1: {before: []string{requestToken}, after: []string{accessToken, info}, check: info, others: []string{refresh, invalidate}},
	OAuth2: {before: []string{preauthorize}, after: []string{token, info}, check: info, others: []string{refresh, invalidate}},
}

// sections are all directives of the course.
func (c course) sections() []string {
	all := append([]string{authorize}, c.before...)
	return append(append(all, c.after...), c.others...)
}
