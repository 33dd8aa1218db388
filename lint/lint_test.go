package lint_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/source"
)

// right is an app in which no rule finds anything. Files are written by their short names.
var right = map[string]string{
	"makecomapp.json": `{"fileVersion":1,"generalCodeFiles":{"base":"base","common":null,"readme":null,"groups":"groups"},"components":{
"connection":{"account":{"label":"Account","connectionType":"oauth","codeFiles":{"communication":"account","params":"account.params","common":"account.common","scopeList":null,"defaultScope":null,"installSpec":null,"installDirectives":null}},
"key":{"label":"Key","connectionType":"basic","codeFiles":{"communication":"key","params":"key.params","common":null}}},
"webhook":{"events":{"label":"Events","webhookType":"web","connection":"key","altConnection":null,"codeFiles":{"communication":"events","params":null,"attach":"attach","detach":"detach","update":null,"requiredScope":null}},
"shared":{"label":"Shared","webhookType":"web-shared","connection":"key","altConnection":null,"codeFiles":{"communication":"shared","params":null,"attach":null,"detach":null,"update":null,"requiredScope":null}}},
"module":{
"addBook":{"label":"Add a book","description":"Adds a book.","moduleType":"action","actionCrud":"create","connection":"key","altConnection":null,"codeFiles":{"communication":"addBook","staticParams":null,"mappableParams":"addBook.params","interface":"interface","samples":null,"scope":null}},
"listBooks":{"label":"List books","description":"Lists books.","moduleType":"search","connection":"key","altConnection":null,"codeFiles":{"communication":"listBooks","staticParams":null,"mappableParams":"listBooks.params","interface":"interface","samples":null,"scope":null}},
"watchBooks":{"label":"Watch books","description":"Triggers when a book is added.","moduleType":"trigger","connection":"key","altConnection":null,"codeFiles":{"communication":"watchBooks","epoch":"epoch","staticParams":"watchBooks.params","mappableParams":null,"interface":"interface","samples":null,"scope":null}},
"watchEvents":{"label":"Watch events","description":"Triggers when something happens.","moduleType":"instant_trigger","webhook":"events","codeFiles":{"communication":null,"staticParams":null,"interface":"interface","samples":null}},
"watchShared":{"label":"Watch shared events","description":"Triggers when something happens.","moduleType":"instant_trigger","webhook":"shared","codeFiles":{"communication":null,"staticParams":null,"interface":"interface","samples":null}},
"answer":{"label":"Answer","description":"Answers.","moduleType":"responder","codeFiles":{"communication":"answer","staticParams":null,"mappableParams":null}},
"makeCall":{"label":"Make an API call","description":"Performs any call.","moduleType":"universal","connection":"key","altConnection":null,"codeFiles":{"communication":"makeCall","staticParams":null,"mappableParams":"makeCall.params","interface":"interface","samples":null,"scope":null}}},
"rpc":{"shelves":{"label":"Shelves","connection":"key","altConnection":null,"codeFiles":{"communication":"shelves","params":null}}},
"function":{"tidy":{"codeFiles":{"code":"tidy.js","test":"tidy.test.js"}}},
"endpoint":{"findBook":{"label":"Find a book","description":"Finds a book.","annotations":{},"attachedAccounts":["key"],"codeFiles":{"communication":"findBook","scope":null,"inputParameters":null,"outputParameters":null,"context":null}}}},"origins":[]}`,
	"base": `{"baseUrl":"https://api.example.com","headers":{"Authorization":"Bearer {{connection.apiKey}}"},
"response":{"error":{"message":"[{{statusCode}}] {{body.message}}","429":{"type":"RateLimitError","message":"slower"}}},
"log":{"sanitize":["request.headers.authorization"]}}`,
	"groups": `[{"label":"Books","modules":["addBook","listBooks","watchBooks","watchEvents","watchShared","answer","makeCall"]}]`,
	"account": `{"oauth":{"consumer_key":"{{common.consumerKey}}","consumer_secret":"{{common.consumerSecret}}"},
"requestToken":{"url":"https://example.com/r","method":"POST","response":{"type":"urlencoded","temp":{"token":"{{body.oauth_token}}","secret":"{{body.oauth_token_secret}}"}}},
"authorize":{"url":"https://example.com/a","oauth":{"token":"{{temp.token}}"},"response":{"temp":{"verifier":"{{query.oauth_verifier}}"}}},
"accessToken":{"url":"https://example.com/t","method":"POST","oauth":{"token":"{{temp.token}}","token_secret":"{{temp.secret}}","verifier":"{{temp.verifier}}"},"response":{"type":"urlencoded","data":{"token":"{{body.oauth_token}}","secret":"{{body.oauth_token_secret}}"}}},
"info":{"url":"https://example.com/me","oauth":{"token":"{{connection.token}}","token_secret":"{{connection.secret}}"},"response":{"uid":"{{body.id}}","metadata":{"type":"text","value":"{{body.name}}"},"error":"{{body.message}}"}}}`,
	"account.params": `[]`,
	"account.common": `{"consumerKey":"k","consumerSecret":"s"}`,
	"key":            `{"url":"https://example.com/me","headers":{"Authorization":"Bearer {{parameters.apiKey}}"},"response":{"uid":"{{body.id}}","metadata":{"type":"text","value":"{{body.name}}"},"error":"{{body.message}}"},"log":{"sanitize":["request.headers.authorization"]}}`,
	"key.params":     `[{"name":"apiKey","type":"password","label":"API key","required":true,"editable":true}]`,
	"events":         `{"output":"{{body}}"}`,
	"shared":         `{"iterate":"{{body.events}}","output":"{{item}}","uid":"{{item.account}}"}`,
	"attach":         `{"url":"/hooks","method":"POST","body":{"url":"{{webhook.url}}"},"response":{"data":{"hookId":"{{body.id}}"}}}`,
	"detach":         `{"url":"/hooks/{{webhook.hookId}}","method":"DELETE"}`,
	"addBook":        `{"url":"/books","method":"POST","body":{"title":"{{tidy(parameters.title)}}"},"response":{"output":"{{body}}"},"qs":{"shelf":"{{parameters.shelf}}"}}`,
	"addBook.params": `[{"name":"title","type":"text","label":"Title","required":true},{"name":"shelf","type":"select","label":"Shelf","options":"rpc://shelves"}]`,
	"interface":      `[{"name":"id","type":"number","label":"ID"}]`,
	"listBooks":      `{"url":"/books","qs":{"q":"{{parameters.text}}"},"pagination":{"condition":"{{body.next}}","qs":{"page":"{{pagination.page}}"}},"response":{"iterate":"{{body.books}}","output":"{{item}}","limit":"{{parameters.limit}}"}}`,
	"listBooks.params": `[{"name":"text","type":"text","label":"Text"},
{"name":"limit","type":"uinteger","label":"Limit","default":10}]`,
	"watchBooks":        `{"url":"/books","response":{"iterate":"{{body.books}}","output":"{{item}}","limit":"{{parameters.limit}}","trigger":{"type":"date","order":"desc","id":"{{item.id}}","date":"{{item.added}}"}}}`,
	"watchBooks.params": `[{"name":"limit","type":"uinteger","label":"Limit","required":true,"default":10}]`,
	"epoch":             `{"response":{"limit":100,"output":{"label":"{{item.title}}","date":"{{item.added}}"}}}`,
	"answer":            `{"response":{"status":200,"body":"ok"}}`,
	"makeCall":          `{"url":"/{{parameters.url}}","response":{"output":"{{body}}"}}`,
	"makeCall.params":   `[{"name":"url","type":"text","label":"URL","required":true}]`,
	"shelves":           `{"url":"/shelves","response":{"iterate":"{{body.shelves}}","output":{"label":"{{item.name}}","value":"{{item.id}}"},"limit":500}}`,
	"tidy.js":           "function tidy(text) {\n\treturn text.trim();\n}\n",
	"tidy.test.js":      "it('trims', () => { assert.strictEqual(tidy(' a '), 'a'); });\n",
	"findBook":          `{"url":"/books/1"}`,
}

// checkApp lints the app in which pieces of files are replaced: file, old, new, and so on. An
// old of "" stands for the whole file.
func checkApp(t *testing.T, o lint.Options, changes ...string) source.Diagnostics {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range right {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for c := range slices.Chunk(changes, 3) {
		text := string(files[c[0]].Data)
		if c[1] != "" && strings.Count(text, c[1]) == 0 {
			t.Fatalf("%s has no %s", c[0], c[1])
		}
		if c[1] == "" {
			text = c[2]
		} else {
			text = strings.ReplaceAll(text, c[1], c[2])
		}
		files[c[0]] = &fstest.MapFile{Data: []byte(text)}
	}
	a, loaded, err := app.LoadFS(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	return lint.App(a, loaded, o)
}

func TestTheRightAppHasNoFindings(t *testing.T) {
	t.Parallel()
	for _, d := range checkApp(t, lint.Options{MakeStrict: true}) {
		t.Errorf("%v", d)
	}
}

// wrong has at least one case for every rule: what is changed in the right app, and what
// is found then.
var wrong = []struct {
	rule    string
	changes []string
	want    string // file:line:column: severity code: message
}{
	{"PAR018", []string{"addBook.params", "", `[{"name":"title","type":"text"},{"name":"shelf","type":"select","options":"rpc://shelves","required":true}]`}, `addBook.params:1:33: warning PAR018: fields stand in the order required, optional, advanced`},
	{"PAR019", []string{"addBook.params", `"Title"`, `"{{parameters.shelf}}"`}, `addBook.params:1:40: error PAR019: expressions are not evaluated in mappable parameters`},
	{"PAR020", []string{"addBook.params", `"required":true`, `"required":true,"editable":true`}, `addBook.params:1:64: warning PAR020: editable is the old name of mappable`},
	{"PAR021", []string{"addBook.params", `"name":"shelf"`, `"name":"shelfId"`, "makecomapp.json", `"actionCrud":"create"`, `"actionCrud":"update"`}, `addBook.params:1:65: warning PAR021: the id comes from another module most of the time: mode is missing`},
	{"PAR021", []string{"addBook.params", `"name":"shelf"`, `"name":"shelf_id","mode":"edit"`}, `addBook.params:1:91: warning PAR021: what is created belongs to something that people choose: mode is edit`},
	{"PAR022", []string{"addBook.params", `[{`, `[{"name":"tags","type":"array","required":true,"spec":[{"name":"tag","type":"text","required":true}]},{`}, `addBook.params:1:95: warning PAR022: required is not enforced inside the items of an array`},
	{"PAR023", []string{"addBook.params", `},{`, `},{"name":"more","type":"collection","spec":[{"name":"tag","type":"text","required":true}]},{`}, `addBook.params:1:147: warning PAR023: a required field inside an optional collection`},
	{"PAR024", []string{"addBook.params", `"options":"rpc://shelves"`, `"options":{"store":"rpc://shelves","nested":[{"name":"shelf","type":"text"}]}`}, `addBook.params:1:157: warning PAR024: options.nested of options that an RPC gives`},
	{"PAR028", []string{"addBook.params", `"type":"text"`, `"type":"password"`}, `addBook.params:1:25: warning PAR028: a password outside a connection is kept as plain text`},
	{"PAR029", []string{"addBook.params", `},{`, `},{"name":"createdAt","type":"text"},{`}, `addBook.params:1:92: warning PAR029: "createdAt" is a date by its name and a text by its type`},
	{"PAR029", []string{"addBook.params", `},{`, `},{"name":"day","type":"date","help":"As YYYY-MM-DD."},{`}, `addBook.params:1:86: warning PAR029: "day" is a day by its help and sent with a time`},
	{"PAR030", []string{"addBook.params", `},{`, `},{"name":"cover","type":"buffer"},{`}, `addBook.params:1:65: warning PAR030: a file without a name`},
	{"PAR030", []string{"addBook.params", `"type":"text"`, `"type":"text","semantic":"file:name"`}, `addBook.params:1:43: warning PAR030: semantic file:name without file:data beside it`},
	{"PAR030", []string{"addBook.params", `},{`, `},{"name":"cover","type":"buffer","semantic":"file:data"},{`}, `addBook.params:1:108: warning PAR030: semantic file:data without file:name beside it`},
	{"PAR031", []string{"addBook.params", `"required":true`, `"required":true,"validate":{"pattern":"^[0-9]+$"}`}, `addBook.params:1:2: warning PAR031: the field wants a format and its help does not say which`},
	{"PAR032", []string{"addBook.params", `"required":true`, `"required":true,"help":"The title."`}, `addBook.params:1:71: info PAR032: the help says what the label says`},
	{"PAR032", []string{"addBook.params", `"required":true`, `"required":true,"help":"As it is printed"`}, `addBook.params:1:71: info PAR032: the help does not end with a full stop`},
	{"PAR033", []string{"addBook.params", `"Title"`, `"title"`}, `addBook.params:1:40: warning PAR033: the label begins in lower case`},
	{"PAR033", []string{"addBook.params", `"Title"`, `"The Title of one book:"`}, `addBook.params:1:40: warning PAR033: the label has capitals inside, and begins with an article, and ends with a punctuation mark, and has more than three words`},
	{"PAR033", []string{"addBook.params", `"name":"shelf"`, `"name":"shelf_id","mode":"edit"`}, `addBook.params:1:122: warning PAR033: the field opens for an id, and its label does not say ID`},
	{"PAR034", []string{"addBook.params", `},{`, `},{"name":"tags","type":"array","label":"Tag","spec":[{"name":"text","type":"text"}]},{`}, `addBook.params:1:103: warning PAR034: an array of which people see little: its label is no plural, labels.item is missing, labels.add is missing`},
	{"PAR035", []string{"addBook.params", `[{`, `[{"type":"html"},{`}, `addBook.params:1:10: warning PAR035: HTML in a form`},
	{"PAR035", []string{"addBook.params", `[{`, `[{"type":"banner","text":"short"},{`}, `addBook.params:1:2: warning PAR035: the text of a banner has 50 to 300 characters`},
	{"PAR036", []string{"listBooks.params", `[{`, `[{"name":"page","type":"uinteger"},{`}, `listBooks.params:1:10: warning PAR036: people do not turn pages: "page"`},
	{"PAR037", []string{"addBook", `,"qs":{"shelf":"{{parameters.shelf}}"}`, ""}, `addBook.params:1:73: warning PAR037: nothing reads "shelf"`},
	{"PAR038", []string{"addBook.params", `},{`, `},{"name":"book_name","type":"text"},{"name":"bookPrice","type":"number"},{`}, `addBook.params:1:108: warning PAR038: "bookPrice" is camelCase in a form of snake_case`},
	{"PAR040", []string{"addBook.params", `"required":true`, `"required":true,"help":"One of: small, medium or large."`}, `addBook.params:1:71: warning PAR040: the help lists what can be chosen`},
	{"FMT006", []string{"addBook", `"response":`, `"respnse":{},"response":`}, `addBook:1:79: error FMT006: unknown directive "respnse"`},
	{"FMT006", []string{"addBook", `"output":`, `"outputt":`}, `addBook:1:91: error FMT006: unknown directive "response.outputt"`},
	{"FMT007", []string{"addBook", `"output":`, `"limit":5,"output":`}, `addBook:1:91: warning FMT007: "response.limit" is not available in an action`},
	{"FMT007", []string{"base", `"baseUrl"`, `"repeat":{},"baseUrl"`}, `base:1:2: warning FMT007: "repeat" is not available in the base`},
	{"FMT007", []string{"epoch", `{"response"`, `{"gzip":true,"baseUrl":"x","response"`}, `epoch:1:14: warning FMT007: "baseUrl" is not available in an epoch`},
	{"FMT007", []string{"events", `{"output"`, `{"url":"/x","output"`}, `events:1:2: warning FMT007: "url" is not available in the code of a webhook`},
	{"EXT001", []string{"addBook", `{"url"`, `{"auth":{},"url"`}, `addBook:1:2: warning EXT001: "auth" is not portable to Make`},
	{"VAR001", []string{"addBook", "parameters.title", "paramters.title"}, `addBook:1:57: warning VAR001: unknown variable "paramters"`},
	{"VAR002", []string{"addBook", `"{{body}}"`, `"{{item.id}}"`}, `addBook:1:103: warning VAR002: item is read without iterate`},
	{"VAR003", []string{"addBook", "parameters.title", "parameters.titel"}, `addBook:1:57: warning VAR003: "titel" is no parameter of this component`},
	{"BAS001", []string{"base", `"baseUrl":"https://api.example.com",`, ""}, `base:1:1: warning BAS001: the base has no baseUrl`},
	{"BAS002", []string{"base", "https:", "http:"}, `base:1:12: warning BAS002: baseUrl is not https`},
	{"BAS003", []string{"base", `"response":{"error":{"message":"[{{statusCode}}] {{body.message}}","429":{"type":"RateLimitError","message":"slower"}}},`, ""}, `base:1:1: warning BAS003: the base has no response.error`},
	{"BAS004", []string{"base", "[{{statusCode}}] ", ""}, `base:2:32: warning BAS004: the error message does not show statusCode`},
	{"BAS005", []string{"base", `"request.headers.authorization"`, ""}, `base:1:65: error BAS005: request.headers.authorization is not in log.sanitize`},
	{"BAS007", []string{"base", "api.example.com", "staging.example.com"}, `base:1:12: warning BAS007: baseUrl looks like an address for development (staging)`},
	{"BAS008", []string{"base", "RateLimitError", "RuntimeError"}, `base:2:21: warning BAS008: 429 is no RateLimitError`},
	{"BAS009", []string{"base", `"baseUrl"`, `"timeout":400000,"baseUrl"`}, `base:1:12: warning BAS009: timeout is 400000 milliseconds`},
	{"CON002", []string{"key", `,"error":"{{body.message}}"`, ""}, `key:1:1: warning CON002: the connection has no error handling`},
	{"CON003", []string{"key", `"request.headers.authorization"`, ""}, `key:1:60: error CON003: request.headers.authorization is not in log.sanitize`},
	{"CON004", []string{"key", `"metadata":{"type":"text","value":"{{body.name}}"},`, ""}, `key:1:1: warning CON004: the connection has no response.metadata`},
	{"CON006", []string{"account", "https://example.com/me", "/me"}, `account:5:15: error CON006: the address is relative, and the base does not apply to connections`},
	{"CON016", []string{"account", `"requestToken"`, `"refresh"`}, `account:3:13: warning CON016: authorize without requestToken`},
	{"CON017", []string{"account", `,"data":{"token":"{{body.oauth_token}}","secret":"{{body.oauth_token_secret}}"}`, ""}, `account:4:15: warning CON017: accessToken stores no token`},
	{"HOO001", []string{"attach", "", "{}"}, `detach:1:1: error HOO001: detach without attach`},
	{"HOO001", []string{"detach", "", "{}"}, `attach:1:1: warning HOO001: attach without detach`},
	{"HOO002", []string{"detach", "hookId", "id2"}, `detach:1:18: error HOO002: detach reads webhook.id2, which attach does not store`},
	{"HOO003", []string{"attach", "webhook.url", "webhook.id"}, `attach:1:1: error HOO003: attach does not send webhook.url`},
	{"HOO004", []string{"shared", `,"uid":"{{item.account}}"`, ""}, `shared:1:1: error HOO004: a shared webhook needs uid`},
	{"HOO006", []string{"events", `{"output"`, `{"verification":{"respond":{}},"output"`}, `events:1:17: warning HOO006: verification without a condition takes every request`},
	{"HOO008", []string{"shared", `"{{item}}"`, `"{{body}}"`}, `shared:1:39: warning HOO008: output is the whole body, for each item`},
	{"HOO009", []string{"makecomapp.json", `"webhook":"shared"`, `"webhook":"events"`}, `makecomapp.json:5:19: warning HOO009: no instant trigger uses the webhook "shared"`},
	{"MOD001", []string{"addBook", "", "{}"}, `makecomapp.json:7:158: error MOD001: the module "addBook" has no communication`},
	{"MOD002", []string{"addBook", `"output":`, `"iterate":"{{body.x}}","output":`}, `addBook:1:101: error MOD002: an action gives one bundle: it neither iterates nor turns pages`},
	{"MOD004", []string{"listBooks", `,"limit":"{{parameters.limit}}"`, ""}, `listBooks:1:1: warning MOD004: the search has no limit`},
	{"MOD005", []string{"listBooks", `"pagination":{"condition":"{{body.next}}","qs":{"page":"{{pagination.page}}"}},`, ""}, `listBooks:1:1: warning MOD005: the search turns no pages`},
	{"MOD008", []string{"listBooks", "{{body.next}}", "{{pagination.page < body.pages}}"}, `listBooks:1:76: error MOD008: pagination.page compared with < or >: the last page is lost`},
	{"MOD010", []string{"addBook", `"/books"`, `"https://api.example.com/books"`}, `addBook:1:8: warning MOD010: the address repeats the base URL`},
	{"MOD011", []string{"listBooks", `"{{item}}"`, `"{{body}}"`}, `listBooks:1:177: warning MOD011: output is the whole body, for each item`},
	{"MOD012", []string{"makecomapp.json", `"universal"`, `"action"`}, `makecomapp.json:1:112: warning MOD012: the app has no universal module`},
	{"MOD013", []string{"makeCall", "/{{", "{{"}, `makeCall:1:8: error MOD013: the address may be any: the credentials go wherever the user says`},
	{"MOD020", []string{"groups", `"addBook",`, ""}, `makecomapp.json:7:20: warning MOD020: the module "addBook" is in no group`},
	{"TRG001", []string{"watchBooks", `,"trigger":{"type":"date","order":"desc","id":"{{item.id}}","date":"{{item.added}}"}`, ""}, `watchBooks:1:1: error TRG001: response.trigger is missing`},
	{"TRG001", []string{"watchBooks", `,"date":"{{item.added}}"`, ""}, `watchBooks:1:117: error TRG001: response.trigger of type date lacks date`},
	{"TRG001", []string{"watchBooks", `"desc"`, `"down"`}, `watchBooks:1:140: error TRG001: the order is asc, desc or unordered, not "down"`},
	{"TRG004", []string{"makecomapp.json", `"staticParams":"watchBooks.params","mappableParams":null`, `"staticParams":"watchBooks.params","mappableParams":"addBook.params"`}, `addBook.params:1:1: error TRG004: a trigger has no mappable parameters`},
	{"TRG005", []string{"watchBooks", `"limit":"{{parameters.limit}}",`, ""}, `watchBooks:1:1: warning TRG005: the trigger has no limit: one item a run`},
	{"TRG006", []string{"epoch", "", "{}"}, `makecomapp.json:9:159: warning TRG006: the trigger "watchBooks" has no epoch`},
	{"TRG006", []string{"epoch", `,"date":"{{item.added}}"`, ""}, `epoch:1:35: warning TRG006: the output of an epoch needs label and date`},
	{"RES002", []string{"makecomapp.json", `"instant_trigger"`, `"action"`}, `makecomapp.json:12:19: warning RES002: a responder in an app without an instant trigger`},
	{"RPC001", []string{"addBook.params", "rpc://shelves", "rpc://shelfs"}, `addBook.params:1:123: error RPC001: the app has no RPC "shelfs"`},
	{"RPC002", []string{"addBook.params", "rpc://shelves", "rpc://shelfs"}, `makecomapp.json:14:27: warning RPC002: no form uses the RPC "shelves"`},
	{"RPC004", []string{"shelves", "500", "501"}, `shelves:1:125: warning RPC004: the limit is above 500`},
	{"INT001", []string{"interface", "", "[]"}, `makecomapp.json:7:20: warning INT001: the interface of "addBook" is empty`},
	{"FUN001", []string{"tidy.js", "text.trim()", "'" + strings.Repeat("x", 5000) + "'"}, `tidy.js:1:1: error FUN001: the function has more than 5000 characters`},
	{"FUN002", []string{"tidy.js", "function tidy", "function tidi"}, `tidy.js:1:1: error FUN002: the function is called "tidi", its component "tidy"`},
	{"FUN003", []string{"tidy.js", "text.trim()", "require('x')"}, `tidy.js:2:9: error FUN003: require is not there`},
	{"FUN005", []string{"tidy.test.js", "", "\n"}, `makecomapp.json:15:33: warning FUN005: the function "tidy" has no test`},
	{"FUN007", []string{"addBook", "tidy(parameters.title)", "parameters.title"}, `makecomapp.json:15:33: warning FUN007: nothing calls the function "tidy"`},
	{"FUN008", []string{"makecomapp.json", `"function":{"tidy"`, `"function":{"trim"`, "tidy.js", "tidy", "trim", "addBook", "tidy(", "trim("}, `makecomapp.json:15:33: warning FUN008: the function hides the built-in trim`},
	{"NAM003", []string{"makecomapp.json", `"Adds a book."`, `""`}, `makecomapp.json:7:20: warning NAM003: the module "addBook" has no description`},
	{"SEC005", []string{"addBook", `{"url"`, `{"isc":{},"url"`}, `addBook:1:2: error SEC005: "isc" works inside Make alone`},
	{"END001", []string{"findBook", "", `[{"url":"/a"},{"url":"/b"}]`}, `findBook:1:1: error END001: an endpoint is one request of its own`},
	{"END003", []string{"makecomapp.json", `"Finds a book."`, `""`}, `makecomapp.json:16:33: warning END003: the endpoint "findBook" has no description`},
}

// fine are cases that come close to breaking a rule and do not.
var fine = []struct {
	rule    string
	changes []string
}{
	{"PAR021", []string{"addBook.params", `"name":"shelf"`, `"name":"shelfId","mode":"edit"`, "makecomapp.json", `"actionCrud":"create"`, `"actionCrud":"update"`}},
	{"PAR021", []string{"addBook.params", `"name":"shelf"`, `"name":"shelf_id"`}},
	{"PAR021", []string{"addBook.params", `"name":"shelf"`, `"name":"grid"`, "makecomapp.json", `"actionCrud":"create"`, `"actionCrud":"update"`}},
	{"PAR024", []string{"addBook.params", `"options":"rpc://shelves"`, `"options":{"store":[{"value":1,"label":"One"}],"nested":[{"name":"shelf","type":"text"}]}`}},
	{"PAR029", []string{"addBook.params", `},{`, `},{"name":"basedOn","type":"text"},{"name":"dueDate","type":"text","help":"As YYYY-MM-DD."},{"name":"day","type":"date","time":false,"help":"As YYYY-MM-DD."},{"name":"at","type":"date","help":"As YYYY-MM-DDTHH:mm."},{`}},
	{"PAR030", []string{"addBook.params", `},{`, `},{"name":"cover","type":"buffer","semantic":"file:data"},{"name":"coverName","type":"filename","semantic":"file:name"},{`}},
	{"PAR030", []string{"addBook.params", `},{`, `},{"name":"cover","type":"buffer"},{"name":"coverName","type":"filename"},{`}},
	{"PAR031", []string{"addBook.params", `"required":true`, `"required":true,"help":"Digits alone, such as 12.","validate":{"pattern":"^[0-9]+$"}`}},
	{"PAR032", []string{"addBook.params", `"required":true`, `"required":true,"help":"The title as printed, [see here](https://example.com)"`}},
	{"PAR033", []string{"addBook.params", `"Title"`, `"API key (only once for all)"`}},
	{"PAR033", []string{"addBook.params", `"Title"`, `"iPhone model"`}},
	{"PAR034", []string{"addBook.params", `},{`, `},{"name":"tags","type":"array","label":"Tags","spec":{"type":"text"},"labels":{"add":"Add a tag"}},{`}},
	{"PAR037", []string{"addBook", `"{{parameters.shelf}}"`, `"{{parameters}}"`}},
	{"PAR037", []string{"addBook", `"{{parameters.shelf}}"`, `"{{get(parameters, 'shelf')}}"`}},
	{"PAR037", []string{"addBook", `,"qs":{"shelf":"{{parameters.shelf}}"}`, "", "shelves", `"/shelves"`, `"/shelves/{{parameters.shelf}}"`}},
	{"PAR038", []string{"addBook.params", `},{`, `},{"name":"bookName","type":"text"},{"name":"bookPrice","type":"number"},{`}},
	{"PAR040", []string{"addBook.params", `"required":true`, `"required":true,"help":"Words, separated by commas: small, medium or large."`}},
	{"PAR040", []string{"addBook.params", `"required":true`, `"required":true,"help":"The title, which stands on the cover, or on the back."`}},
}

func TestWhatComesCloseIsFine(t *testing.T) {
	t.Parallel()
	for _, test := range fine {
		for _, d := range checkApp(t, lint.Options{}, test.changes...) {
			if d.Code == test.rule {
				t.Errorf("%v: %v", test.changes, d)
			}
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, test := range wrong {
		tested[test.rule] = true
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			var lines []string
			for _, d := range checkApp(t, lint.Options{}, test.changes...) {
				line := d.Position().String() + ": " + d.Severity.String() + " " + d.Code + ": " + d.Message
				if line == test.want {
					return
				}
				lines = append(lines, line)
			}
			t.Errorf("%v gives\n  %s\nnot\n  %s", test.changes, strings.Join(lines, "\n  "), test.want)
		})
	}
	for _, r := range lint.Rules() {
		if !tested[r.Code] {
			t.Errorf("%s has no case", r.Code)
		}
		delete(tested, r.Code)
		if r.Summary == "" || strings.HasSuffix(r.Summary, ".") {
			t.Errorf("%s is described as %q", r.Code, r.Summary)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(tested)) {
		t.Errorf("%s is in no table of rules", id)
	}
}

func TestFindingsAreSilencedWithAReason(t *testing.T) {
	t.Parallel()
	for _, changes := range [][]string{
		{"base", `"baseUrl":"https:`, "// cleat-ignore BAS002 only inside the house\n\"baseUrl\":\"http:"},
		{"base", `"baseUrl":"https://api.example.com",`, "\"baseUrl\":\"http://api.example.com\", /* cleat-ignore BAS002 so be it */\n"},
	} {
		if found := checkApp(t, lint.Options{}, changes...); len(found) > 0 {
			t.Errorf("%v", found)
		}
	}
	if found := checkApp(t, lint.Options{}, "base", `"baseUrl":"https:`, "// cleat-ignore BAS003 another rule\n\"baseUrl\":\"http:"); len(found) != 1 {
		t.Errorf("%v", found)
	}
}

func TestWhatMakeDoesNotTake(t *testing.T) {
	t.Parallel()
	change := []string{"addBook", "tidy(parameters.title)", "{a: tidy(parameters.title)}"}
	for strict, want := range map[bool]source.Severity{false: source.Warning, true: source.Error} {
		found := checkApp(t, lint.Options{MakeStrict: strict}, change...)
		if len(found) != 1 || found[0].Severity != want {
			t.Errorf("strict %v: %v", strict, found)
		}
	}
}

// The sample apps of this repository are what the rules want.
func TestSampleApps(t *testing.T) {
	t.Parallel()
	roots, err := filepath.Glob("../examples/providers/*")
	if err != nil || len(roots) < 10 {
		t.Fatalf("%v, %v", roots, err)
	}
	for _, root := range append(roots, "../examples/photos") {
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			continue
		}
		a, loaded, err := app.Load(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range lint.App(a, loaded, lint.Options{}).Errors() {
			t.Errorf("%s: %v", root, d)
		}
	}
}
