package lint

import "github.com/cleat-run/cleat/source"

// Rules returns the rules of [App] over everything but connections, which have their own:
// [ConnectionRules]. Each finding has a hint of its own. The rules of other packages (MAN
// and FMT of package app, IML of iml, PAR of form) are described there. Where a rule comes
// from is told by components.md 14.
func Rules() []Rule {
	const e, w, i = source.Error, source.Warning, source.Info
	return []Rule{
		rule("FMT006", e, "a directive is not known"),
		rule("FMT007", w, "a directive is not available in this component"),
		rule("EXT001", w, "a directive that Make does not have"),
		rule("VAR001", w, "a variable is not known"),
		rule("VAR002", w, "item is read without iterate"),
		rule("VAR003", w, "parameters.x is no field of any form of the component"),

		rule("BAS001", w, "the base has no baseUrl"),
		rule("BAS002", w, "baseUrl is not https"),
		rule("BAS003", w, "the base has no response.error"),
		rule("BAS004", w, "the error message does not show statusCode"),
		rule("BAS005", e, "credentials are sent without log.sanitize for them"),
		rule("BAS007", w, "baseUrl is an address for development"),
		rule("BAS008", w, "429 is no RateLimitError"),
		rule("BAS009", w, "timeout is outside 1 to 300000 milliseconds"),

		rule("CON002", w, "the connection has no error handling"),
		rule("CON003", e, "the connection sends secrets without log.sanitize for them"),
		rule("CON004", w, "the connection has no response.metadata"),
		rule("CON006", e, "the address is relative, and the base does not apply to connections"),
		rule("CON016", w, "OAuth 1.0: authorize without requestToken"),
		rule("CON017", w, "OAuth 1.0: accessToken stores no token or no token secret"),

		rule("HOO001", e, "detach without attach"),
		rule("HOO002", e, "detach reads what attach does not store"),
		rule("HOO003", e, "attach does not send webhook.url"),
		rule("HOO004", e, "a shared webhook has no uid"),
		rule("HOO006", w, "verification without a condition takes every request"),
		rule("HOO008", w, "iterate is present and output is the whole body"),
		rule("HOO009", w, "no instant trigger uses the webhook"),

		rule("MOD001", e, "the module has no communication"),
		rule("MOD002", e, "an action iterates or turns pages"),
		rule("MOD004", w, "a search has no limit"),
		rule("MOD005", w, "a search turns no pages"),
		rule("MOD008", e, "the condition compares pagination.page with < or >"),
		rule("MOD010", w, "the address repeats the base URL"),
		rule("MOD011", w, "iterate is present and output is the whole body"),
		rule("MOD012", w, "the app has no universal module"),
		rule("MOD013", e, "the address of a universal module is not bound to the base URL"),
		rule("MOD020", w, "the module is in no group"),

		rule("TRG001", e, "response.trigger is missing or not complete"),
		rule("TRG004", e, "a trigger has mappable parameters"),
		rule("TRG005", w, "a trigger has no limit"),
		rule("TRG006", w, "the epoch is missing or not complete"),
		rule("RES002", w, "a responder in an app without an instant trigger"),

		rule("RPC001", e, "rpc:// names no RPC"),
		rule("RPC002", w, "no form uses the RPC"),
		rule("RPC004", w, "the RPC has no limit of 500 or less"),

		rule("PAR018", w, "the fields are not in the order required, optional, advanced"),
		rule("PAR019", e, "an expression in a file of mappable parameters"),
		rule("PAR020", w, "editable in a file of mappable parameters"),
		rule("PAR021", w, "the mode of a field for an id does not fit what the module does"),
		rule("PAR022", w, "required inside the items of an array is not enforced"),
		rule("PAR023", w, "a required field inside an optional collection"),
		rule("PAR024", w, "options that an RPC gives have nested fields"),
		rule("PAR028", w, "a password outside a connection"),
		rule("PAR029", w, "a date that is a text, or a day that is sent as a date"),
		rule("PAR030", w, "a file without a name"),
		rule("PAR031", w, "a required field of a special format has no help"),
		rule("PAR032", i, "the help says nothing new, or is no sentence"),
		rule("PAR033", w, "the label is long, or not in sentence case"),
		rule("PAR034", w, "the labels of an array are missing"),
		rule("PAR035", w, "HTML, or a banner that is too short or too long"),
		rule("PAR036", w, "a parameter that turns pages"),
		rule("PAR037", w, "nothing reads the field"),
		rule("PAR038", w, "names of different styles in one form"),
		rule("PAR040", w, "a text whose help lists what can be chosen"),

		rule("INT001", w, "the interface is empty"),
		rule("FUN001", e, "the function has more than 5000 characters"),
		rule("FUN002", e, "the function does not bear the name of its component"),
		rule("FUN003", e, "the function uses what is not there"),
		rule("FUN005", w, "the function has no test"),
		rule("FUN007", w, "nothing calls the function"),
		rule("FUN008", w, "the function hides a built-in one"),
		rule("NAM003", w, "the description is missing"),
		rule("SEC005", e, "a feature of the platform alone"),
		rule("END001", e, "the communication of an endpoint is a list or calls an endpoint"),
		rule("END003", w, "the endpoint has no description"),
	}
}

// rule is a rule whose findings word themselves.
func rule(code string, severity source.Severity, summary string) Rule {
	return Rule{Code: code, Severity: severity, Summary: summary}
}
