package connect

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cleat-run/cleat/value"
)

// Record is a connection that a person has made: an instance of a connection type of
// an app. Data holds what the person typed and what the flow's response.data stored
// (one store under two names, CN-3); it is secret and never leaves the process in
// clear.
type Record struct {
	ID       int64
	Name     string // chosen by the person, unique in a store
	App      string // name of the app
	Root     string // folder or archive of the app when the connection was made, "" when it has none
	Type     string // id of the connection type in the app
	Kind     Kind
	Data     *value.Collection
	UID      string // id of the account at the provider, "" when the app sets none
	Metadata Metadata
	Scope    []string  // granted
	Expires  time.Time // when the person must re-authorize; zero: never
	Broken   string    // why the person must re-authorize; "" while usable
	EndUser  string    // external id of the person in the product that embeds cleat, "" for none
	Version  int64     // grows by one with each change; the guard of compare-and-set
	Created  time.Time
	Updated  time.Time
}

// Missing returns what a component's scope asks for and the connection was not granted
// (connections.md CN-23).
func (r *Record) Missing(scope []string) []string {
	var missing []string
	for _, name := range scope {
		if !slices.Contains(r.Scope, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// Kind is the family of a connection type.
type Kind string

// The kinds; see [KindOf].
const (
	Basic  Kind = "basic"
	OAuth1 Kind = "oauth1"
	OAuth2 Kind = "oauth2"
)

// Metadata is the label that the app shows beside the name of a connection.
type Metadata struct {
	Type  string // text or email
	Value string // at most 512 characters
}

// Flow is an OAuth authorization under way: what has to survive while the person is in
// the browser. Temp, Data and Parameters are secret. Hashes are made by [Hash].
type Flow struct {
	ID          string
	App         string
	Type        string
	Name        string // of the connection to be made
	ConnID      int64  // of the connection to be re-authorized; 0: a new one
	AnyAccount  bool   // the new authorization may be for another account
	SessionHash string // of the cookie or listener that began the flow
	StateHash   string // of the state parameter
	TokenHash   string // of the temporary credentials' identifier (oauth_token)
	RedirectURI string
	Scope       []string
	EndUser     string // of the connection to be made
	Temp        *value.Collection
	Data        *value.Collection
	Created     time.Time
	Expires     time.Time
	Used        bool
}

// Renewal is the right to renew the secrets of a connection, which one owner at a time
// holds over all processes, and the journal of what came of it (connections.md O2-41,
// O2-42).
type Renewal struct {
	ConnID int64
	Owner  string    // a secret of the holder
	Until  time.Time // from then on others may take over
	// Answer is what the provider gave for Version of the connection and is not yet
	// stored in it; nil when there is nothing. It is secret.
	Version int64
	Answer  *value.Collection
}

// Errors of a [Store].
var (
	// ErrNotFound means that there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the record has changed since it was read: the version
	// given to Update is not the stored one.
	ErrConflict = errors.New("changed by another process in the meantime")
	// ErrNameTaken means that another connection has this name.
	ErrNameTaken = errors.New("a connection with this name exists")
	// ErrOtherAccount means that a new authorization was given for another account.
	ErrOtherAccount = errors.New("another account")
	// ErrClaimed means that another owner renews the connection.
	ErrClaimed = errors.New("another process renews this connection")
	// ErrFlowUsed means that the flow was already finished or refused.
	ErrFlowUsed = errors.New("this authorization was already used")
)

// Store keeps connections and open flows. Each method is atomic and durable when it
// returns: after a crash a record is as it was before or after, never in between.
type Store interface {
	// Connection returns the connection with the given id, or ErrNotFound.
	Connection(ctx context.Context, id int64) (*Record, error)
	// ConnectionNamed returns the connection with the given name, or ErrNotFound.
	ConnectionNamed(ctx context.Context, name string) (*Record, error)
	// Connections returns all connections ordered by name. A record whose secrets
	// cannot be decrypted is returned without Data and with Broken set.
	Connections(ctx context.Context) ([]*Record, error)
	// InsertConnection stores a new connection and sets its ID, Version, Created and
	// Updated. ErrNameTaken when the name is in use.
	InsertConnection(ctx context.Context, r *Record) error
	// UpdateConnection stores r when the stored version equals r.Version and then
	// raises r.Version; otherwise ErrConflict. ErrNotFound when it was deleted.
	UpdateConnection(ctx context.Context, r *Record) error
	// DeleteConnection removes the connection with the given id and its secrets, or
	// returns ErrNotFound.
	DeleteConnection(ctx context.Context, id int64) error

	// InsertFlow stores an open flow; expired ones are removed on the way.
	InsertFlow(ctx context.Context, f *Flow) error
	// FlowBy returns the flow, used or not, whose token hash (or, with an empty
	// token hash, whose session hash) is the given one; the newest if there are
	// several; ErrNotFound when there is none.
	FlowBy(ctx context.Context, tokenHash, sessionHash string) (*Flow, error)
	// FlowByState is FlowBy with the hash of a state.
	FlowByState(ctx context.Context, stateHash string) (*Flow, error)
	// ClaimFlow marks the flow as used and erases its secrets. Of several callers one
	// gets nil, the others ErrFlowUsed.
	ClaimFlow(ctx context.Context, id string) error

	// ClaimRenewal takes the right to renew a connection until r.Until; ErrClaimed
	// while another owner holds it, which ends at the latest when its Until is not
	// after now. An answer that an earlier owner left behind is then in r.
	ClaimRenewal(ctx context.Context, r *Renewal, now time.Time) error
	// JournalRenewal keeps r.Answer until EndRenewal, or until the next owner gets it
	// from ClaimRenewal. ErrClaimed when r.Owner is no longer the owner.
	JournalRenewal(ctx context.Context, r *Renewal) error
	// EndRenewal erases the journal of r.Owner and its right. With a record it stores
	// that in the same step as UpdateConnection does; if that fails nothing changes.
	EndRenewal(ctx context.Context, r *Renewal, record *Record) error
}
