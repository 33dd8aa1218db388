package archtest

// module is the path of this module.
const module = "github.com/cleat-run/cleat"

// imports says which of our packages may import which others of ours; a package that
// does not stand here may not exist. Left of the < stand packages, right of it what each
// of them may import: a name is that one package, a name with a plus the package and
// everything that it may import itself. The packages may be planned and not yet written.
const imports = `
	# libraries for strangers, each usable alone
	value, source, oauth1 < nothing
	jsonc  < source, value
	iml    < source, value
	js     < iml, value
	form   < iml, jsonc, source, value

	# definitions are data: app neither evaluates nor sends
	app    < jsonc, source

	# the only one that opens outgoing connections; others are handed its client
	engine < app, form, iml, js, jsonc, oauth1, source, value

	# services on the engine, never on each other
	lint, connect, webhook, poll < engine+

	# storage knows the record types of the services, and the interfaces that they declare
	record   < poll, value
	store    < connect, webhook, poll, record, value
	bus      < nothing
	cassette < value
	trace    < nothing
	makeapi  < app, store
	scaffold < app, examples, jsonc, source

	# what a server does in the background
	work   < cleat+, record, bus, trace

	# faces: each may use everything above, nothing below is used by what is above
	ui     < nothing
	cleat  < lint+, connect+, webhook+, poll+, store+, bus+, cassette+, makeapi+
	mcp    < cleat+, record
	server < cleat+, work+, ui, internal/pgtest
	cli    < cleat+, work+, ui, mcp, server, scaffold, examples, internal/photoservice, internal/visitor, oauth1/oauth1test
	cmd/cleat < cli

	# made for tests: providers that do not share the code they check, suites for every
	# implementation of an interface, and the checks of the whole
	oauth1/oauth1test < nothing
	store/storetest   < store+
	trace/tracetest   < nothing
	examples          < nothing
	internal/photoservice < oauth1/oauth1test
	internal/noteservice < nothing
	internal/pgtest   < nothing
	internal/visitor  < nothing
	internal/kill     < cli+, internal/pgtest
	internal/soak     < cli+
	internal/archtest < nothing
	internal/appdrive < cleat+
	internal/docs     < cli+
	internal/interop  < oauth1, oauth1/oauth1test, value
	internal/conformance < cleat, cli+, oauth1/oauth1test
`

// testImports says what the test files of a package may import beyond the table above.
// Every test file may also import the package under test, and the packages made for
// tests ("…/…test") that lie below a package which it may import.
const testImports = `
	examples < cli+
	connect  < store+, internal/visitor
	store    < internal/pgtest
	server   < examples, internal/noteservice, internal/pgtest, internal/photoservice, internal/visitor
	internal/interop < cli+, internal/noteservice, internal/photoservice
`

// outside is the whole list of modules that we use: which of our packages may import
// which, and what for. The package "tests" stands for every test file, and for the
// packages made for tests.
var outside = []struct{ module, packages, reason string }{
	{"github.com/cockroachdb/apd/v3", "iml", "decimal arithmetic of + * / %, to 20 digits"},
	{"github.com/dlclark/regexp2", "iml", "regular expressions of JavaScript: look-around and back references, with a time limit"},
	{"golang.org/x/text", "iml engine", "case mapping beyond single letters; character sets of answers"},
	{"golang.org/x/net", "engine", "host names beyond ASCII (idna)"},
	{"github.com/icholy/digest", "engine", "answers to challenges of RFC 7616"},
	{"modernc.org/quickjs", "js", "the JavaScript engine of app functions, without cgo"},
	{"modernc.org/libquickjs", "js", "the same engine below its Go surface, to read results from its memory"},
	{"modernc.org/libc", "js", "the stack that its functions take"},
	{"golang.org/x/sys", "js", "limits of the operating system for the child that runs app functions"},
	{"github.com/golang-jwt/jwt/v5", "connect", "signed tokens of JWT connections"},
	{"github.com/santhosh-tekuri/jsonschema/v6", "form lint", "JSON Schema 2020-12"},
	{"modernc.org/sqlite", "store", "records on a single machine, without cgo"},
	{"github.com/jackc/pgx/v5", "store internal/pgtest", "records of a cluster in PostgreSQL"},
	{"github.com/tink-crypto/tink-go/v2", "store", "secrets at rest: authenticated encryption and rotation of keys"},
	{"filippo.io/age", "store cli", "exported connections: files encrypted to a passphrase or a key"},
	{"github.com/nats-io/nats.go", "bus", "durable work, leases and live events"},
	{"github.com/nats-io/nats-server/v2", "bus internal/kill", "the same inside the process on a single machine"},
	{"go.opentelemetry.io/otel", "trace", "spans, their batches and sampling, W3C Trace Context"},
	{"go.opentelemetry.io/otel/sdk", "trace", "the same"},
	{"go.opentelemetry.io/otel/trace", "trace", "the same"},
	{"golang.org/x/crypto", "server", "argon2id for passwords"},
	{"golang.org/x/term", "cli", "whether a person is watching, and passwords without an echo"},
	{"github.com/coreos/go-oidc/v3", "server", "sign-in with OpenID Connect"},
	{"golang.org/x/oauth2", "server", "redeems the code of that sign-in"},
	{"github.com/robfig/cron/v3", "work", "schedules of triggers as cron writes them"},
	{"github.com/danielgtaylor/huma/v2", "server", "the HTTP interface and its OpenAPI description"},
	{"github.com/modelcontextprotocol/go-sdk", "mcp", "the protocol of MCP"},
	{"github.com/spf13/cobra", "cli", "commands, help and shell completion"},
	{"go.yaml.in/yaml/v3", "cli", "the file of settings of the server"},
	{"github.com/spf13/pflag", "cli", "types of flags of our own"},
	{"github.com/google/go-cmp", "tests", "differences of structures that a person can read"},
	{"github.com/rogpeppe/go-internal", "tests", "testscript: what a person types, as one file for each behaviour"},
	{"github.com/go-json-experiment/json", "tests", "an independent JSON reader to compare with"},
	{"go.opentelemetry.io/proto/otlp", "tests", "an independent reader of the spans that are sent"},
	{"google.golang.org/protobuf", "tests", "the same"},
	{"go.uber.org/goleak", "tests", "goroutines that are left behind"},
	{"github.com/nats-io/nkeys", "tests", "keys of users, to see what servers that ask for them refuse"},
	{"github.com/nats-io/jwt/v2", "tests", "the same for credentials"},
	{"pgregory.net/rapid", "tests", "laws that hold for any input"},
}

// closed are packages of the standard library that only these of ours may import. Test
// files are free.
var closed = []struct{ imported, packages, reason string }{
	{"net", "engine bus server cli store oauth1/oauth1test", "engine is the only one that opens outgoing connections; store names the failures of the database's"},
	{"net/http", "oauth1 engine connect webhook cassette makeapi trace work server mcp cli cleat trace/tracetest oauth1/oauth1test internal/noteservice internal/photoservice internal/visitor",
		"values, expressions, definitions, forms and records know no network"},
	{"os/exec", "js cli bus internal/pgtest", "app functions run in a child; the browser is opened for the person"},
	{"unsafe", "js", "nothing here is worth it, but for handing the kernel a filter of system calls"},
	{"C", "", "everything builds with CGO_ENABLED=0"},
	{"plugin", "", "the same"},
	{"log", "", "log/slog, and only at the faces"},
	{"math/rand", "", "math/rand/v2, and crypto/rand for what must not be guessed"},
}
