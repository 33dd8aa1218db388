package engine

// Kind says what a communication belongs to. It decides whether the base is inherited,
// what may come out and how many.
type Kind string

// The kinds that a plan can be compiled for.
const (
	Action     Kind = "action"
	Search     Kind = "search"
	Trigger    Kind = "trigger"
	Universal  Kind = "universal"
	RPC        Kind = "rpc"
	Endpoint   Kind = "endpoint"
	Connection Kind = "connection" // the check of a basic connection
	Leg        Kind = "leg"        // a directive of an OAuth connection
	Attach     Kind = "attach"     // of a webhook; also its detach and update
	Hook       Kind = "hook"       // what a webhook makes of a delivery
	Instant    Kind = "instant"    // an instant trigger: what it makes of a webhook's item
	Responder  Kind = "responder"  // the answer to a delivery
)

// shape is what a kind lets out.
type shape uint8

const (
	oneObject     shape = iota // one collection
	objects                    // a collection or an array of them
	objectOrTexts              // collections, texts, and arrays of both
	anything
)

type kindRule struct {
	inherits    bool // the base is merged under each request (communication.md 4)
	list        bool // the result is a list of bundles
	shape       shape
	limited     bool // response.limit applies
	limit       int  // when response.limit says nothing; 0 means none
	dated       bool // the items are sorted by response.trigger
	requestless bool // the last request may have no url
	paged       bool
	given       string // the root that is the body when nothing is sent; "" means none
	calls       bool   // the directive endpoint is allowed
	unwraps     bool   // a list of one is that one (communication.md 14)
}

// rules: communication.md 1, 3.2 and 10.7; connections.md CN-4, CN-5.
var rules = map[Kind]kindRule{
	Action:     {inherits: true, shape: oneObject, requestless: true, paged: true, calls: true},
	Universal:  {inherits: true, shape: oneObject, requestless: true, paged: true, calls: true},
	Search:     {inherits: true, list: true, shape: objects, limited: true, requestless: true, paged: true, calls: true},
	Trigger:    {inherits: true, list: true, shape: objects, limited: true, limit: 1, dated: true, paged: true},
	RPC:        {inherits: true, list: true, shape: objectOrTexts, limited: true, requestless: true, paged: true, calls: true},
	Endpoint:   {inherits: true, list: true, shape: objectOrTexts, limited: true, requestless: true, paged: true, unwraps: true},
	Connection: {shape: anything, requestless: true},
	Leg:        {shape: anything, requestless: true},
	Attach:     {inherits: true, shape: anything, requestless: true}, // usage.md 2: attach codes rely on the base
	Hook:       {list: true, shape: anything, requestless: true, given: "body"},
	Instant:    {inherits: true, shape: anything, requestless: true, given: "payload"}, // components.md 7.4
	Responder:  {shape: anything, requestless: true},
}
