package lint

import "github.com/cleat-run/cleat/source"

// Rule describes a rule of [App]. The rules of other packages (MAN and FMT of package app,
// IML of iml, PAR of form) are described there.
type Rule struct {
	ID       string
	Severity source.Severity
	Summary  string // what is wrong, as a sentence without a dot
	Source   string // where the rule comes from: docs, schema, runtime notes, apps seen, cleat
}

// Rules returns the table of rules (components.md 14).
func Rules() []Rule {
	const e, w = source.Error, source.Warning
	return []Rule{
		{"FMT006", e, "a directive is not known", "schema"},
		{"FMT007", w, "a directive is not available in this component", "docs"},
		{"VAR001", w, "a variable is not known", "docs"},
		{"VAR002", w, "item is read without iterate", "docs"},
		{"VAR003", w, "parameters.x is no field of any form of the component", "apps seen"},

		{"BAS001", w, "the base has no baseUrl", "docs"},
		{"BAS002", w, "baseUrl is not https", "cleat"},
		{"BAS003", w, "the base has no response.error", "docs"},
		{"BAS004", w, "the error message does not show statusCode", "docs"},
		{"BAS005", e, "credentials are sent without log.sanitize for them", "docs"},
		{"BAS007", w, "baseUrl is an address for development", "docs"},
		{"BAS008", w, "429 is no RateLimitError", "docs"},
		{"BAS009", w, "timeout is outside 1 to 300000 milliseconds", "schema"},

		{"CON001", e, "nothing validates the connection", "docs"},
		{"CON002", w, "the connection has no error handling", "docs"},
		{"CON003", e, "the connection sends secrets without log.sanitize for them", "docs"},
		{"CON004", w, "the connection has no response.metadata", "docs"},
		{"CON005", e, "common.x is defined nowhere", "runtime notes"},
		{"CON006", e, "the address is relative, and the base does not apply to connections", "runtime notes"},
		{"CON007", w, "a parameter that sounds like a secret is no password", "runtime notes"},
		{"CON010", w, "a parameter cannot be changed later", "runtime notes"},
		{"CON016", w, "OAuth 1.0: authorize without requestToken", "docs"},
		{"CON017", w, "OAuth 1.0: accessToken stores no token or no token secret", "docs"},
		{"CON018", e, "OAuth 1.0: signature_method or transport_method is not known", "schema"},
		{"CON019", e, "OAuth 1.0: the key that the method needs is missing", "docs"},
		{"CON020", w, "OAuth 1.0: PLAINTEXT over http", "cleat"},
		{"CON022", e, "a secret is written into the code", "cleat"},

		{"HOO001", e, "detach without attach", "docs"},
		{"HOO002", e, "detach reads what attach does not store", "docs"},
		{"HOO003", e, "attach does not send webhook.url", "docs"},
		{"HOO004", e, "a shared webhook has no uid", "docs"},
		{"HOO006", w, "verification without a condition takes every request", "docs"},
		{"HOO008", w, "iterate is present and output is the whole body", "apps seen"},
		{"HOO009", w, "no instant trigger uses the webhook", "cleat"},

		{"MOD001", e, "the module has no communication", "cleat"},
		{"MOD002", e, "an action iterates or turns pages", "docs"},
		{"MOD004", w, "a search has no limit", "docs"},
		{"MOD005", w, "a search turns no pages", "docs"},
		{"MOD008", e, "the condition compares pagination.page with < or >", "runtime notes"},
		{"MOD010", w, "the address repeats the base URL", "docs"},
		{"MOD011", w, "iterate is present and output is the whole body", "apps seen"},
		{"MOD012", w, "the app has no universal module", "docs"},
		{"MOD013", e, "the address of a universal module is not bound to the base URL", "docs"},
		{"MOD020", w, "the module is in no group", "schema"},

		{"TRG001", e, "response.trigger is missing or not complete", "docs"},
		{"TRG004", e, "a trigger has mappable parameters", "docs"},
		{"TRG005", w, "a trigger has no limit", "runtime notes"},
		{"TRG006", w, "the epoch is missing or not complete", "docs"},
		{"RES002", w, "a responder in an app without an instant trigger", "cleat"},

		{"RPC001", e, "rpc:// names no RPC", "cleat"},
		{"RPC002", w, "no form uses the RPC", "cleat"},
		{"RPC004", w, "the RPC has no limit of 500 or less", "docs"},

		{"INT001", w, "the interface is empty", "docs"},
		{"FUN001", e, "the function has more than 5000 characters", "docs"},
		{"FUN002", e, "the function does not bear the name of its component", "schema"},
		{"FUN003", e, "the function uses what is not there", "docs"},
		{"FUN005", w, "the function has no test", "apps seen"},
		{"FUN007", w, "nothing calls the function", "apps seen"},
		{"FUN008", w, "the function hides a built-in one", "cleat"},
		{"NAM003", w, "the description is missing", "docs"},
		{"SEC005", e, "a feature of the platform alone", "runtime notes"},
		{"END001", e, "the communication of an endpoint is a list or calls an endpoint", "schema"},
		{"END003", w, "the endpoint has no description", "runtime notes"},
	}
}
