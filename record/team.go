package record

import (
	"context"
	"slices"
	"time"
)

// Team is the tenant.
type Team struct {
	ID       int64 // 1 is the team that every store begins with
	Name     string
	Branding Branding
	Created  time.Time
	Version  int64
}

// Branding is how a team's pages look to people outside of it (server.md 2, white label).
type Branding struct {
	Product   string   `json:"product,omitempty"` // name of the product
	Logo      string   `json:"logo,omitempty"`    // data: URL of an image
	Accent    string   `json:"accent,omitempty"`  // #rrggbb
	Support   string   `json:"support,omitempty"` // address of the support: mailto: or https:
	PublicURL string   `json:"public_url,omitempty"`
	Origins   []string `json:"origins,omitempty"` // that may open the connect page and hear its result
}

// Role is what a user may do in a team (server.md 1).
type Role string

// The roles. Each may do what the later ones may.
const (
	Owner     Role = "owner"     // everything
	Developer Role = "developer" // apps, and what an operator may
	Operator  Role = "operator"  // connections, hooks, triggers, runs
	Viewer    Role = "viewer"    // read
)

// Scope is a right of an API token (server.md 1).
type Scope string

// The scopes.
const (
	AppsRead         Scope = "apps:read"
	AppsWrite        Scope = "apps:write"
	ConnectionsRead  Scope = "connections:read"
	ConnectionsWrite Scope = "connections:write"
	RunModules       Scope = "run"
	Hooks            Scope = "hooks" // hooks, triggers, destinations, events
	Admin            Scope = "admin" // tokens, users, branding, audit
)

// Scopes are all scopes.
var Scopes = []Scope{AppsRead, AppsWrite, ConnectionsRead, ConnectionsWrite, RunModules, Hooks, Admin}

// Scopes returns what a role may do.
func (r Role) Scopes() []Scope {
	switch r {
	case Owner:
		return slices.Clone(Scopes)
	case Developer:
		return []Scope{AppsRead, AppsWrite, ConnectionsRead, ConnectionsWrite, RunModules, Hooks}
	case Operator:
		return []Scope{AppsRead, ConnectionsRead, ConnectionsWrite, RunModules, Hooks}
	case Viewer:
		return []Scope{AppsRead, ConnectionsRead}
	}
	return nil
}

// User is a person. Password is an argon2id hash, "" when the person signs in with OpenID
// Connect only; Subject is the issuer and the subject of that, "" for none.
type User struct {
	ID       string // usr_…
	Email    string // lower case, unique
	Name     string
	Password string
	Subject  string
	Disabled bool
	Created  time.Time
	Version  int64
}

// Member is a user in a team.
type Member struct {
	Team int64
	User string
	Role Role
}

// Session is a signed-in browser. Hash is [connect.Hash] of its cookie.
type Session struct {
	Hash    string
	User    string
	Team    int64 // that the person looks at
	Address string
	Agent   string // the browser, as it calls itself
	Created time.Time
	Expires time.Time
}

// Link is an address that works once: the first sign-in, an invitation, a new password, a
// connect session. Hash is [connect.Hash] of its secret; Purpose says what it is for, and
// Details hold the rest as JSON, encrypted.
type Link struct {
	Hash    string
	Purpose string
	Team    int64
	User    string // "" when it is for nobody yet
	Details []byte
	Created time.Time
	Expires time.Time
}

// Token is a key of the API. Hash is [connect.Hash] of it.
type Token struct {
	ID      string // tok_…
	Team    int64
	Name    string
	Hash    string
	Hint    string // its last characters, to tell tokens apart
	Scopes  []Scope
	By      string // id of the user who made it
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // last use, to the minute; zero: never
	Revoked time.Time // zero: not
}

// Directory keeps teams and people, and finds what has a secret instead of a team.
type Directory interface {
	// Team returns a team, Teams all of them by id. InsertTeam sets ID, Created and
	// Version; UpdateTeam compares and sets.
	Team(ctx context.Context, id int64) (*Team, error)
	Teams(ctx context.Context) ([]*Team, error)
	InsertTeam(ctx context.Context, t *Team) error
	UpdateTeam(ctx context.Context, t *Team) error

	// InsertUser stores a user as the given member; ErrTaken when the address or the
	// subject is in use. UpdateUser compares and sets.
	InsertUser(ctx context.Context, u *User, m Member) error
	UpdateUser(ctx context.Context, u *User) error
	User(ctx context.Context, id string) (*User, error)
	UserWithEmail(ctx context.Context, email string) (*User, error)
	UserWithSubject(ctx context.Context, subject string) (*User, error)
	// Users counts the users, to tell a fresh server.
	CountUsers(ctx context.Context) (int, error)

	// Memberships are the teams of a user. PutMember adds or changes, RemoveMember removes
	// and ends the sessions of the user in that team. Neither takes the last owner away:
	// ErrConflict.
	Memberships(ctx context.Context, user string) ([]Member, error)
	PutMember(ctx context.Context, m Member) error
	RemoveMember(ctx context.Context, team int64, user string) error

	// Session returns a session that has not expired. EndSessions ends all of a user but
	// the one with the given hash, which may be "".
	InsertSession(ctx context.Context, s *Session) error
	Session(ctx context.Context, hash string) (*Session, error)
	Sessions(ctx context.Context, user string) ([]*Session, error)
	EndSession(ctx context.Context, hash string) error
	EndSessions(ctx context.Context, user, but string) error

	// InsertLink keeps a link; Link looks at it and UseLink takes it: of several callers
	// one gets it, the others ErrUsed, as for one that has expired.
	InsertLink(ctx context.Context, l *Link) error
	Link(ctx context.Context, hash string) (*Link, error)
	UseLink(ctx context.Context, hash string) (*Link, error)

	// TokenWithHash returns a token, revoked and expired ones included. TokenUsed notes
	// when tokens were used.
	TokenWithHash(ctx context.Context, hash string) (*Token, error)
	TokenUsed(ctx context.Context, at time.Time, ids ...string) error

	// HookWithToken returns the team and the id of the hook with a token.
	HookWithToken(ctx context.Context, token string) (team, hook int64, err error)
}

// Members lists the people of a team, and their tokens.
type Members interface {
	Members(ctx context.Context) ([]MemberUser, error)
	InsertToken(ctx context.Context, t *Token) error
	Tokens(ctx context.Context) ([]*Token, error)
	RevokeToken(ctx context.Context, id string) error
}

// MemberUser is a user with the role in the team that was asked for.
type MemberUser struct {
	User
	Role Role
}
