package lint_test

import (
	"fmt"
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
"connection":{"account":{"label":"Account (OAuth)","connectionType":"oauth","codeFiles":{"communication":"account","params":"account.params","common":"account.common","scopeList":null,"defaultScope":null,"installSpec":null,"installDirectives":null}},
"key":{"label":"Key (API key)","connectionType":"basic","codeFiles":{"communication":"key","params":"key.params","common":null}}},
"webhook":{"events":{"label":"Events","webhookType":"web","connection":"key","altConnection":null,"codeFiles":{"communication":"events","params":null,"attach":"attach","detach":"detach","update":null,"requiredScope":null}},
"shared":{"label":"Shared","webhookType":"web-shared","connection":"key","altConnection":null,"codeFiles":{"communication":"shared","params":null,"attach":null,"detach":null,"update":null,"requiredScope":null}}},
"module":{
"addBook":{"label":"Add a book","description":"Adds a book.","moduleType":"action","actionCrud":"create","connection":"key","altConnection":null,"codeFiles":{"communication":"addBook","staticParams":null,"mappableParams":"addBook.params","interface":"interface","samples":"samples","scope":null}},
"listBooks":{"label":"List books","description":"Lists books.","moduleType":"search","connection":"key","altConnection":null,"codeFiles":{"communication":"listBooks","staticParams":null,"mappableParams":"listBooks.params","interface":"interface","samples":"samples","scope":null}},
"watchBooks":{"label":"Watch books","description":"Triggers when a book is added.","moduleType":"trigger","connection":"key","altConnection":null,"codeFiles":{"communication":"watchBooks","epoch":"epoch","staticParams":"watchBooks.params","mappableParams":null,"interface":"interface","samples":"samples","scope":null}},
"watchEvents":{"label":"Watch events","description":"Triggers when something happens.","moduleType":"instant_trigger","webhook":"events","codeFiles":{"communication":null,"staticParams":null,"interface":"interface","samples":"samples"}},
"watchShared":{"label":"Watch shared events","description":"Triggers when something happens.","moduleType":"instant_trigger","webhook":"shared","codeFiles":{"communication":null,"staticParams":null,"interface":"interface","samples":"samples"}},
"answer":{"label":"Answer","description":"Answers.","moduleType":"responder","codeFiles":{"communication":"answer","staticParams":null,"mappableParams":null}},
"makeCall":{"label":"Make an API call","description":"Performs any call.","moduleType":"universal","connection":"key","altConnection":null,"codeFiles":{"communication":"makeCall","staticParams":null,"mappableParams":"makeCall.params","interface":"interface","samples":"samples","scope":null}}},
"rpc":{"shelves":{"label":"Shelves","connection":"key","altConnection":null,"codeFiles":{"communication":"shelves","params":null}}},
"function":{"tidy":{"codeFiles":{"code":"tidy.js","test":"tidy.test.js"}}},
"endpoint":{"findBook":{"label":"Find a book","description":"Finds a book.","annotations":{"readOnlyHint":true},"attachedAccounts":["key"],"codeFiles":{"communication":"findBook","scope":null,"inputParameters":null,"outputParameters":null,"context":null}}}},"origins":[]}`,
	"samples": `{"id":1}`,
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
// old of "" stands for the whole file, which may be a new one.
func checkApp(t *testing.T, o lint.Options, changes ...string) source.Diagnostics {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range right {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for c := range slices.Chunk(changes, 3) {
		text := ""
		if file := files[c[0]]; file != nil {
			text = string(file.Data)
		}
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
	{"VAR004", []string{"addBook", `{"url"`, `{"temp":{"a":"1","b":"{{temp.a}}"},"url"`}, `addBook:1:25: warning VAR004: temp.a has its former value here`},
	{"VAR005", []string{"addBook", `"{{body}}"`, `{"a":"{{body.a.b.c.d}}","b":"{{body.a.b.c.d}}","c":"{{body.a.b.c.d}}"}`}, `addBook:1:154: info VAR005: body.a.b.c.d stands here for the third time`},
	{"BAS006", []string{"base", `"request.headers.authorization"`, `"request.headers.authorization","request.qs.key"`}, `base:3:52: warning BAS006: nothing sends request.qs.key`},
	{"BAS010", []string{"addBook", `{"url"`, `{"headers":{"X-A":"1"},"url"`, "listBooks", `{"url"`, `{"headers":{"x-a":"1"},"url"`, "watchBooks", `{"url"`, `{"headers":{"X-A":"1"},"url"`}, `watchBooks:1:13: warning BAS010: the header "X-A" stands in three modules or more`},
	{"CON013", []string{"account", `"https://example.com/r"`, `"https://example.com/r","qs":{"oauth_callback":"https://www.make.com/cb"}`}, `account:2:70: warning CON013: a fixed address to come back to`},
	{"CON023", []string{"account", ``, `{"authorize":{"url":"https://example.com/a"},"info":{"url":"https://example.com/me","response":{"error":"x","metadata":{"value":"y"}}}}`}, `account:1:1: warning CON023: nothing tells OAuth 1.0 from OAuth 2.0`},
	{"CON024", []string{"makecomapp.json", `"Key (API key)"`, `"Key"`}, `makecomapp.json:3:16: info CON024: one of several connections, whose label does not tell its type`},
	{"HOO004", []string{"makecomapp.json", `"webhookType":"web-shared","connection":"key"`, `"webhookType":"web-shared","connection":null`}, `makecomapp.json:5:19: error HOO004: the shared webhook "shared" has no connection`},
	{"HOO005", []string{"key", `"uid":"{{body.id}}",`, ``}, `key:1:1: error HOO005: the connection of a shared webhook sets no response.uid`},
	{"MOD003", []string{"makecomapp.json", `"mappableParams":"listBooks.params","interface":"interface"`, `"mappableParams":"listBooks.params","interface":"list"`, "list", ``, `[{"name":"books","type":"array","label":"Books","spec":{"type":"text"}}]`, "listBooks", `"iterate":"{{body.books}}","output":"{{item}}",`, `"output":"{{body}}",`}, `listBooks:1:140: error MOD003: the search gives a list as one bundle`},
	{"MOD006", []string{"listBooks.params", `"default":10`, `"required":true`}, `listBooks.params:2:1: warning MOD006: the limit is required, and has no default`},
	{"MOD006", []string{"listBooks.params", `"default":10}`, `"default":10},{"name":"q","type":"text","label":"Words"}`}, `listBooks.params:2:1: warning MOD006: the limit is not the last one`},
	{"MOD007", []string{"listBooks", `{"q"`, `{"per":"{{parameters.limit}}","q"`}, `listBooks:1:29: warning MOD007: the limit is also the size of a page`},
	{"MOD009", []string{"listBooks", `"qs":{"page"`, `"qs":{"q":"{{parameters.text}}","page"`}, `listBooks:1:98: warning MOD009: "q" is in the request already`},
	{"MOD015", []string{"makecomapp.json", `"communication":"addBook","staticParams":null`, `"communication":"addBook","staticParams":"watchBooks.params"`}, `watchBooks.params:1:1: warning MOD015: static parameters of an action`},
	{"MOD016", []string{"addBook", ``, `[{"url":"/1"},{"url":"/2"},{"url":"/3"},{"url":"/4"}]`, "base", `"error"`, `"temp"`}, `addBook:1:1: warning MOD016: more than three requests without error handling`},
	{"MOD017", []string{"addBook", ``, `[{"url":"/1","response":{"type":"text"}},{"url":"/2","response":{"output":"{{body}}"}}]`}, `addBook:1:25: warning MOD017: the answer of a step becomes the output`},
	{"MOD018", []string{"addBook", ``, `{"endpoint":"findBok","input":{}}`}, `addBook:1:13: error MOD018: the app has no endpoint "findBok"`},
	{"MOD018", []string{"addBook", ``, `{"endpoint":"find{{1}}","input":{}}`}, `addBook:1:13: error MOD018: the name of an endpoint is a text without expressions`},
	{"MOD018", []string{"addBook", ``, `{"endpoint":{"name":"findBook"},"url":"/x"}`}, `addBook:1:33: error MOD018: "url" beside endpoint`},
	{"MOD019", []string{"addBook", `"/books"`, `"/oauth/token"`}, `addBook:1:106: warning MOD019: the answer of an address for tokens comes out as a whole`},
	{"TRG002", []string{"watchBooks", `"desc"`, `"asc"`}, `watchBooks:1:140: warning TRG002: all pages are read each time: the order is asc and nothing asks for what is new`},
	{"TRG003", []string{"watchBooks", `{"url":"/books"`, `{"url":"/books","qs":{"since":"{{data.lastDate}}"}`}, `watchBooks:1:31: warning TRG003: a trigger that begins has no last date and no last id`},
	{"TRG008", []string{"watchBooks.params", `[{`, `[{"name":"since","type":"date","label":"Since","required":true},{`}, `watchBooks.params:1:10: warning TRG008: people type where a trigger begins: "since"`},
	{"RPC003", []string{"shelves", `,"value":"{{item.id}}"`, ``}, `shelves:1:69: error RPC003: options without value`},
	{"RPC005", []string{"shelves", `{"url"`, `{"pagination":{"condition":"{{pagination.page <= 10}}"},"url"`}, `shelves:1:28: warning RPC005: the RPC follows more than three pages`},
	{"RPC007", []string{"makecomapp.json", `"communication":"shelves","params":null`, `"communication":"shelves","params":"own"`, "own", ``, `[{"name":"s","type":"select","options":"rpc://shelves"}]`}, `own:1:40: error RPC007: the RPC "shelves" asks itself`},
	{"RPC008", []string{"shelves", `{"url"`, `{"condition":"{{parameters.deep = true}}","url"`, "addBook.params", `rpc://shelves`, `rpc://shelves?a=1&deep=true`}, `shelves:1:14: warning RPC008: deep comes from the address and is a text`},
	{"INT002", []string{"interface", `}]`, `},{"name":"createdAt","type":"text","label":"Created at"}]`}, `interface:1:72: warning INT002: "createdAt" is a date by its name and a text by its type`},
	{"INT003", []string{"interface", `}]`, `},{"name":"__IMTINDEX__","type":"number"}]`}, `interface:1:53: warning INT003: __IMTINDEX__ is added by itself`},
	{"INT004", []string{"interface", `,"label":"ID"`, ``}, `interface:1:10: warning INT004: "id" has no label`},
	{"INT005", []string{"interface", `}]`, `},{"name":"password","type":"text","label":"Password"}]`}, `interface:1:45: warning INT005: a password among what comes out: "password"`},
	{"SAM001", []string{"samples", ``, `{}`}, `makecomapp.json:7:158: warning SAM001: the samples of "addBook" are empty`},
	{"SAM002", []string{"samples", `{"id"`, `{"name":"x","id"`}, `samples:1:2: warning SAM002: the interface has no field "name"`},
	{"SAM002", []string{"interface", `"number"`, `"array","spec":{"type":"text"}`}, `samples:1:7: warning SAM002: "id" is of the type array in the interface, and another thing here`},
	{"SAM003", []string{"samples", `1`, `"jane.doe@gmail.com"`}, `samples:1:7: warning SAM003: the samples hold what looks like somebody's address`},
	{"SAM003", []string{"samples", `1`, `"ghp_0123456789abcdefghijklmnopqrstuvwxyz"`}, `samples:1:7: warning SAM003: the samples hold what looks like a token`},
	{"FUN004", []string{"tidy.js", `return text.trim();`, `const o = {}; o[text.key] = 1; return o;`}, `tidy.js:2:17: error FUN004: a key that is computed may be __proto__`},
	{"FUN006", []string{"tidy.test.js", `strictEqual`, `equal`}, `tidy.test.js:1:21: warning FUN006: an assertion that lets much pass`},
	{"FUN009", []string{"tidy.js", `(text)`, `(text, b, c, d, e)`}, `tidy.js:1:15: info FUN009: the function has more than 4 parameters`},
	{"FUN009", []string{"tidy.js", `text.trim();`, strings.Repeat("\n", 41) + "text.trim();"}, `tidy.js:1:1: info FUN009: the function has more than 40 lines`},
	{"FUN010", []string{"tidy.js", `text.trim()`, `/^(a+)+$/.test(text)`}, `tidy.js:2:11: warning FUN010: a repetition inside a repetition takes very long for some texts`},
	{"NAM001", []string{"makecomapp.json", `"Watch books"`, `"New book"`}, `makecomapp.json:9:23: warning NAM001: "New book" does not say what is watched`},
	{"NAM001", []string{"makecomapp.json", `"List books"`, `"List book"`}, `makecomapp.json:8:22: warning NAM001: "List book" speaks of one thing and finds many`},
	{"NAM001", []string{"makecomapp.json", `"Add a book"`, `"Add book"`}, `makecomapp.json:7:20: warning NAM001: "Add book" has no article`},
	{"NAM002", []string{"makecomapp.json", `"Watch books"`, `"Watch Printed Books"`, "makecomapp.json", `"List books"`, `"List the books"`, "makecomapp.json", `"Answer"`, `"Answer to it"`}, `makecomapp.json:9:23: warning NAM002: "Watch Printed Books" is in title case, the other labels are not`},
	{"NAM003", []string{"makecomapp.json", `"Adds a book."`, `"Add a book."`}, `makecomapp.json:7:47: warning NAM003: the description is no third person: Add`},
	{"NAM003", []string{"makecomapp.json", `"Adds a book."`, `"Adds a book"`}, `makecomapp.json:7:47: warning NAM003: the description does not end with a full stop`},
	{"NAM003", []string{"makecomapp.json", `"Triggers when a book is added."`, `"Watches books."`}, `makecomapp.json:9:51: warning NAM003: the description does not say when it triggers`},
	{"NAM004", []string{"makecomapp.json", `"Add a book"`, `"Add a book by Url"`}, `makecomapp.json:7:20: warning NAM004: an abbreviation in lower case: Url`},
	{"NAM004", []string{"addBook.params", `"Title"`, `"Book Ids"`}, `addBook.params:1:40: warning NAM004: an abbreviation in lower case: Ids`},
	{"NAM005", []string{"makecomapp.json", `"Add a book"`, `"Add a book (Beta)"`}, `makecomapp.json:7:20: warning NAM005: a tag that is not in lower case and parentheses: (Beta)`},
	{"NAM006", []string{"makecomapp.json", `"function":{"tidy"`, `"function":{"delete"`}, `makecomapp.json:15:22: warning NAM006: "delete" is a word of JavaScript`},
	{"NAM007", []string{"makecomapp.json", `"module":{`, `"module":{` + manyModules(), "makecomapp.json", `"groups":"groups"`, `"groups":null`}, `makecomapp.json:1:37: info NAM007: more than ten modules and no groups`},
	{"NAM008", []string{"addBook.params", `"Title"`, `"Colour"`}, `addBook.params:1:40: info NAM008: British spelling: Colour`},
	{"SEC001", []string{"addBook", `"/books"`, `"{{parameters.title}}"`}, `addBook:1:8: error SEC001: the address may be any, and the headers of the base go there`},
	{"SEC002", []string{"addBook", `{"shelf":`, `{"key":"{{connection.apiKey}}","shelf":`}, `addBook:1:124: warning SEC002: a secret in the query: key`},
	{"SEC002", []string{"addBook", `"/books"`, `"/books/{{connection.apiKey}}"`}, `addBook:1:8: warning SEC002: a secret in the address`},
	{"SEC003", []string{"base", `{{body.message}}`, `{{body}}`}, `base:2:32: warning SEC003: the message of the error shows the whole answer`},
	{"SEC004", []string{"addBook", `{"url":"/books"`, `{"followAllRedirects":true,"url":"{{connection.host}}/books"`}, `addBook:1:34: warning SEC004: redirects of a host that people give are followed`},
	{"END002", []string{"makecomapp.json", `"inputParameters":null`, `"inputParameters":"addBook.params"`}, `addBook.params:1:2: error END002: a field of an endpoint without help`},
	{"END002", []string{"makecomapp.json", `"inputParameters":null`, `"inputParameters":"in"`, "in", ``, `[{"type":"banner","text":"x"}]`}, `in:1:2: error END002: a banner in the form of an endpoint`},
	{"END003", []string{"findBook", ``, `{"url":"/{{parameters.path}}","method":"{{parameters.method}}"}`}, `makecomapp.json:16:91: warning END003: the endpoint "findBook" makes any call, and its annotations do not say so`},
	{"END004", []string{"findBook", `{"url"`, `{"pagination":{"condition":"{{body.next}}"},"url"`}, `findBook:1:2: warning END004: the endpoint makes more than one call: pagination`},
	{"TRG006", []string{"epoch", `"limit":100,`, ``}, `epoch:1:1: warning TRG006: the epoch has no limit`},
	{"TRG006", []string{"epoch", `100`, `"{{parameters.limit}}"`}, `epoch:1:22: warning TRG006: the limit of an epoch is no number`},
	{"TRG006", []string{"epoch", `100`, `501`}, `epoch:1:22: warning TRG006: the limit is above 500`},
	{"PAR015", []string{"addBook.params", `"required":true`, `"required":true,"validate":{"pattern":"[0-9]+"}`}, `addBook.params:1:86: warning PAR015: the pattern is not anchored: a part of the text is enough`},
	{"PAR015", []string{"addBook.params", `"required":true`, `"required":true,"validate":{"pattern":"^(a+)+$"}`}, `addBook.params:1:86: warning PAR015: a repetition inside a repetition takes very long for some texts`},
	{"PAR026", []string{"addBook.params", `"type":"select"`, `"type":"file"`}, `shelves:1:69: error PAR026: the choices of a file have no flag file: all of them are folders`},
	{"SEC001", []string{"addBook", `{"url":"/books"`, `{"headers":{"authorization":"{{null}}"},"url":"{{parameters.title}}"`}, `addBook:1:47: warning SEC001: the address may be any: the request goes wherever people say, without the credentials of the base`},
	{"SEC001", []string{"addBook", `{"url":"/books"`, `{"headers":"{{null}}","url":"{{parameters.title}}"`}, `addBook:1:29: warning SEC001: the address may be any: the request goes wherever people say, without the credentials of the base`},
	{"SEC001", []string{"addBook", `{"url":"/books"`, `{"headers":{"X-A":"{{null}}"},"url":"{{parameters.title}}"`}, `addBook:1:37: error SEC001: the address may be any, and the headers of the base go there`},
	{"END003", []string{"makecomapp.json", `{"readOnlyHint":true}`, `{}`}, `makecomapp.json:16:33: warning END003: the endpoint "findBook" has no annotations`},
	{"END004", []string{"findBook", `{"url":"/books/1"}`, `{"url":"/books/1","response":{"output":{"a":"{{body.a}}"}}}`}, `findBook:1:40: warning END004: the output of an endpoint is reshaped`},
	{"END005", []string{"makecomapp.json", `"context":null`, `"context":"context.md"`, "context.md", ``, `Find a book.`}, `context.md:1:1: warning END005: the context has no front matter`},
	{"MAN001", []string{"makecomapp.json", `"fileVersion":1`, `/* x */"fileVersion":1`}, `makecomapp.json:1:2: error MAN001: comment in the manifest, which is plain JSON`},
	{"MAN002", []string{"makecomapp.json", `"fileVersion":1`, `"fileVersion":1,"more":1`}, `makecomapp.json:1:18: error MAN002: unknown key "more" in the manifest`},
	{"MAN003", []string{"makecomapp.json", `,"origins":[]`, ``}, `makecomapp.json:1:1: error MAN003: the manifest lacks origins`},
	{"MAN004", []string{"makecomapp.json", `"readme":null,`, ``}, `makecomapp.json:1:37: warning MAN004: generalCodeFiles lacks readme`},
	{"MAN005", []string{"makecomapp.json", `"moduleType":"universal"`, `"moduleSubtype":"universal"`}, `makecomapp.json:13:75: warning MAN005: moduleSubtype is the old name of moduleType`},
	{"MAN006", []string{"makecomapp.json", `"addBook":{"label"`, `"add-Book":{"label"`}, `makecomapp.json:7:1: error MAN006: module id "add-Book" does not match ^[a-zA-Z][0-9a-zA-Z]{2,63}$`},
	{"MAN007", []string{"makecomapp.json", `"communication":"findBook"`, `"communication":"nowhere"`}, `makecomapp.json:16:169: error MAN007: the file "nowhere" does not exist`},
	{"MAN008", []string{"makecomapp.json", `"communication":"findBook"`, `"communication":"endpoints/find/api.json"`, "endpoints/find/api.json", "", `{"url":"/x"}`, "endpoints/find/old.json", "", `{}`}, `endpoints/find/old.json: warning MAN008: the manifest does not name this file`},
	{"MOD014", []string{"addBook", `,"body":{"title":"{{tidy(parameters.title)}}"}`, ""}, `addBook:1:1: error MOD014: a POST without a body is not portable to Make's editor`},
	{"MAN009", []string{"makecomapp.json", `"communication":"findBook"`, `"communication":"../findBook"`}, `makecomapp.json:16:169: error MAN009: the path leaves the app's folder`},
	{"MAN010", []string{"makecomapp.json", `"attachedAccounts":["key"]`, `"attachedAccounts":["kay"]`}, `makecomapp.json:16:132: error MAN010: attachedAccounts names no connection: "kay"`},
	{"MAN011", []string{"makecomapp.json", `"instant_trigger","webhook":"events"`, `"instant_trigger","webhook":null`}, `makecomapp.json:10:15: error MAN011: instant trigger "watchEvents" names no webhook`},
	{"MAN012", []string{"makecomapp.json", `"connectionType":"basic",`, ``}, `makecomapp.json:3:7: error MAN012: the connection has no connectionType`},
	{"MAN013", []string{"makecomapp.json", `"communication":"shelves"`, `"communication":null`}, `makecomapp.json:14:89: warning MAN013: rpc "shelves" names no file for communication`},
	{"MAN014", []string{"makecomapp.json", `"origins":[]`, `"origins":[{"baseUrl":"https://eu1.make.com/api","appId":"a","appVersion":1,"apikeyFile":".secrets/apikey","idMapping":{"connection":[{"local":"key","remote":"a"},{"local":"key","remote":"b"}],"webhook":[],"module":[],"rpc":[],"function":[],"endpoint":[]}}]`}, `makecomapp.json:16:431: error MAN014: connection "key" is mapped twice`},
	{"MAN017", []string{"makecomapp.json", `"origins":[]`, `"origins":[{"baseUrl":"https://eu1.make.com/api","appId":"-FILL-ME-","appVersion":1,"apikeyFile":".secrets/apikey"}]`}, `makecomapp.json:16:316: warning MAN017: placeholder left in appId`},
	{"MAN018", []string{"makecomapp.json", `"communication":"answer","staticParams":null`, `"communication":"answer","interface":"interface","staticParams":null`}, `makecomapp.json:12:128: info MAN018: a module of the type responder does not use interface`},
	{"FMT001", []string{"findBook", ``, `{"url" "/x"}`}, `findBook:1:7: error FMT001: a colon is missing after the key "url"`},
	{"FMT002", []string{"findBook", `1"}`, `1",}`}, `findBook:1:18: warning FMT002: trailing comma`},
	{"FMT003", []string{"findBook", `{"url"`, `{"url":"/a","url"`}, `findBook:1:13: error FMT003: the key "url" is repeated`},
	{"FMT004", []string{"interface", ``, `{"a":1}`}, `interface:1:1: error FMT004: interface must be an array or a text "rpc://name", but is an object`},
	{"FMT005", []string{"interface", ``, `rpc://shelves`}, `interface:1:1: warning FMT005: rpc:// without quotes`},
	{"IML001", []string{"addBook", `{{body}}`, `{{body`}, `addBook:1:101: error IML001: {{ is not closed`},
	{"IML002", []string{"addBook", `tidy(`, `tidi(`}, `addBook:1:52: error IML002: Function 'tidi' not found!`},
	{"IML003", []string{"addBook", `tidy(parameters.title)`, `tidy([parameters.title])`}, `addBook:1:57: error IML003: an array literal is null`},
	{"IML004", []string{"addBook", `tidy(parameters.title)`, `tidy({a: parameters.title})`}, `addBook:1:57: warning IML004: an object literal is not portable to Make`},
	{"IML006", []string{"addBook", `{{body}}`, `{{body[0]}}`}, `addBook:1:107: error IML006: [0] is always undefined: arrays count from 1`},
	{"IML009", []string{"addBook", `tidy(parameters.title)`, `tidy(trim(parameters.title, 1))`}, `addBook:1:57: warning IML009: trim takes at most 1 arguments; the others are ignored`},
	{"IML010", []string{"addBook", `tidy(parameters.title)`, `tidy(replace(parameters.title))`}, `addBook:1:57: error IML010: replace needs 2 arguments, not 1`},
	{"PAR001", []string{"addBook.params", `"type":"text"`, `"type":"Text"`}, `addBook.params:1:25: error PAR001: the type "Text" is not in lower case`},
	{"PAR002", []string{"addBook.params", `"name":"title",`, ``}, `addBook.params:1:2: error PAR002: field without name`},
	{"PAR003", []string{"addBook.params", `},{`, `},{"name":"title","type":"number"},{`}, `addBook.params:1:73: error PAR003: two fields of different types have the name "title"`},
	{"PAR004", []string{"addBook.params", `"name":"title"`, `"name":"` + strings.Repeat("x", 129) + `"`}, `addBook.params:1:10: warning PAR004: the name is longer than 128 characters`},
	{"PAR005", []string{"addBook.params", `"required":true`, `"required":true,"colour":1`}, `addBook.params:1:64: warning PAR005: "colour" means nothing in a field of type text`},
	{"PAR006", []string{"addBook.params", `,"options":"rpc://shelves"`, ``}, `addBook.params:1:65: error PAR006: select without options`},
	{"PAR007", []string{"addBook.params", `"rpc://shelves"`, `[{"label":"A","value":null}]`}, `addBook.params:1:124: error PAR007: the value of an option is null`},
	{"PAR008", []string{"addBook.params", `"rpc://shelves"`, `[{"label":"A","value":1}],"default":2`}, `addBook.params:1:159: error PAR008: the default 2 is none of the options`},
	{"PAR009", []string{"addBook.params", `"rpc://shelves"`, `[{"label":"G","options":[{"label":"A","value":1}]}]`}, `addBook.params:1:123: error PAR009: groups of options without grouped`},
	{"PAR010", []string{"addBook.params", `},{`, `},{"name":"c","type":"collection"},{`}, `addBook.params:1:65: warning PAR010: collection without spec`},
	{"PAR011", []string{"addBook.params", `},{`, `},{"name":"c","type":"array"},{`}, `addBook.params:1:65: warning PAR011: array without spec: its items are texts`},
	{"PAR012", []string{"addBook.params", `},{`, `},{"name":"c","type":"array","spec":{"type":"text","spec":[]}},{`}, `addBook.params:1:121: error PAR012: items of type text have no spec`},
	{"PAR013", []string{"addBook.params", `},{`, `},{"name":"c","type":"array","spec":{"type":"text","name":"x"}},{`}, `addBook.params:1:121: warning PAR013: the name of an array's spec is ignored`},
	{"PAR014", []string{"addBook.params", `"required":true`, `"required":true,"validate":{"min":3,"max":2}`}, `addBook.params:1:82: error PAR014: min is above max`},
	{"PAR015", []string{"addBook.params", `"required":true`, `"required":true,"validate":{"pattern":"("}`}, "addBook.params:1:86: error PAR015: invalid regular expression: error parsing regexp: missing closing ) in `(`"},
	{"PAR016", []string{"addBook.params", `"required":true`, `"required":true,"advanced":true`}, `addBook.params:1:75: error PAR016: a required field without a default is advanced`},
	{"PAR017", []string{"addBook.params", `"required":true`, `"required":true,"nested":[{"name":"n","type":"text","advanced":true}]`}, `addBook.params:1:111: warning PAR017: a nested field is advanced`},
	{"PAR025", []string{"addBook.params", `"rpc://shelves"`, `"store://shelves"`}, `addBook.params:1:123: error PAR025: the scheme store:// is unknown`},
	{"PAR026", []string{"addBook.params", `},{`, `},{"name":"f","type":"folder"},{`}, `addBook.params:1:65: error PAR026: folder without options`},
	{"PAR027", []string{"addBook.params", `},{`, `},{"name":"f","type":"filter","options":{"logic":"xor","store":[]}},{`}, `addBook.params:1:65: error PAR027: unknown logic xor`},
	{"PAR039", []string{"addBook.params", `},{`, `},` + deepField() + `,{`}, `addBook.params:1:2368: error PAR039: fields are nested more than 64 levels deep`},
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
	{"VAR004", []string{"addBook", `{"url"`, `{"temp":{"b":"{{temp.a}}","a":"1"},"url"`}},
	{"VAR005", []string{"addBook", `"{{body}}"`, `{"a":"{{body.a.b.c.d}}","b":"{{body.a.b.c.d}}","c":"{{body.a.b.c.e}}"}`}},
	{"BAS006", []string{"base", `"request.headers.authorization"`, `"request.headers.authorization","request.body.Title","response.body.token"`}},
	{"BAS010", []string{"addBook", `{"url"`, `{"headers":{"X-A":"1"},"url"`, "listBooks", `{"url"`, `{"headers":{"x-a":"2"},"url"`, "watchBooks", `{"url"`, `{"headers":{"X-A":"1"},"url"`}},
	{"CON013", []string{"account", `"https://example.com/r"`, `"https://example.com/r","qs":{"oauth_callback":"{{oauth.localRedirectUri}}"}`}},
	{"CON023", []string{"account", ``, `{"authorize":{"url":"https://example.com/a"},"token":{}}`}},
	{"CON024", []string{"makecomapp.json", `"Key (API key)"`, `"Key (token)"`}},
	{"MOD003", []string{"interface", ``, `[{"name":"books","type":"array","label":"Books","spec":{"type":"text"}}]`}},
	{"MOD006", []string{"listBooks.params", `"default":10}`, `"default":10},{"name":"q","type":"text","label":"Words","advanced":true}`}},
	{"MOD007", []string{"listBooks", `{"q"`, `{"per":"100","q"`}},
	{"MOD009", []string{"listBooks", `"qs":{"page"`, `"mergeWithParent":false,"qs":{"q":"{{parameters.text}}","page"`}},
	{"MOD016", []string{"addBook", ``, `[{"url":"/1"},{"url":"/2"},{"url":"/3"},{"url":"/4"}]`}},
	{"MOD017", []string{"addBook", ``, `[{"url":"/1","response":{"type":"text","output":"{{null}}"}},{"url":"/2","response":{"type":"text","output":"{{body}}"}}]`}},
	{"MOD018", []string{"addBook", ``, `{"endpoint":"findBook","input":{"a":1}}`}},
	{"MOD019", []string{"addBook", `"/books"`, `"/tokens/books"`}},
	{"TRG002", []string{"watchBooks", `"desc"`, `"asc"`, "watchBooks", `{"url":"/books"`, `{"url":"/books","qs":{"since":"{{data.lastDate || undefined}}"}`}},
	{"TRG003", []string{"watchBooks", `{"url":"/books"`, `{"url":"/books","qs":{"since":"{{data.lastDate || undefined}}"}`}},
	{"TRG008", []string{"watchBooks.params", `[{`, `[{"name":"due","type":"date","label":"Due","required":true},{`}},
	{"RPC003", []string{"shelves", `,"value":"{{item.id}}"`, ``, "addBook.params", `"rpc://shelves"`, `[{"label":"A","value":1}]`}},
	{"RPC005", []string{"shelves", `{"url"`, `{"pagination":{"condition":"{{pagination.page <= 3}}"},"url"`}},
	{"RPC008", []string{"shelves", `{"url"`, `{"condition":"{{parameters.deep = 'true'}}","url"`, "addBook.params", `rpc://shelves`, `rpc://shelves?deep=true`}},
	{"RPC008", []string{"shelves", `{"url"`, `{"condition":"{{parameters.deep = true}}","url"`, "addBook.params", `rpc://shelves`, `rpc://shelves?deeper=true`}},
	{"INT002", []string{"interface", `}]`, `},{"name":"lat","type":"text","label":"Latitude"},{"name":"locatedAt","type":"text","label":"Place"}]`}},
	{"SAM001", []string{"makecomapp.json", `"samples":"samples"`, `"samples":"rpcsample"`, "rpcsample", ``, `"rpc://shelves"`}},
	{"SAM002", []string{"interface", `[{`, `["rpc://shelves",{`, "samples", `{"id"`, `{"name":"x","id"`}},
	{"SAM003", []string{"samples", `1`, `"jane.doe@example.com, ann@acme.io"`}},
	{"FUN004", []string{"tidy.js", `return text.trim();`, `const o = Object.create(null); o[text.key] = 1; return o;`}},
	{"FUN004", []string{"tidy.js", `return text.trim();`, `const a = []; for (let i = 0; i < 2; i++) a[i] = 1; if (a[text.key] === 1) return a;`}},
	{"FUN006", []string{"tidy.test.js", `strictEqual`, `deepStrictEqual`}},
	{"FUN010", []string{"tidy.js", `text.trim()`, `/^(a+)b+$/.test(text)`}},
	{"NAM001", []string{"makecomapp.json", `"Add a book"`, `"Update all books"`}},
	{"NAM001", []string{"makecomapp.json", `"List books"`, `"Search in the archive for books"`}},
	{"NAM003", []string{"makecomapp.json", `"Adds a book."`, `"Adds a book (or two)."`}},
	{"NAM004", []string{"makecomapp.json", `"Add a book"`, `"Add a book by ID and URL"`}},
	{"NAM005", []string{"makecomapp.json", `"Add a book"`, `"Add a book (beta)"`}},
	{"NAM006", []string{"makecomapp.json", `"function":{"tidy"`, `"function":{"deleted"`}},
	{"NAM008", []string{"addBook.params", `"Title"`, `"Color"`}},
	{"SEC001", []string{"addBook", `"/books"`, `"/{{parameters.title}}"`}},
	{"SEC001", []string{"makeCall", `"/{{`, `"{{`}},
	{"SEC002", []string{"addBook", `{"shelf":`, `{"key":"{{connection.account}}","shelf":`}},
	{"SEC003", []string{"base", `{{body.message}}`, `{{body.error.text}}`}},
	{"SEC004", []string{"addBook", `{"url":"/books"`, `{"followAllRedirects":true,"url":"/books"`}},
	{"END002", []string{"makecomapp.json", `"inputParameters":null`, `"inputParameters":"in"`, "in", ``, `[{"name":"id","type":"text","help":"The id of the book."}]`}},
	{"END005", []string{"makecomapp.json", `"context":null`, `"context":"context.md"`, "context.md", ``, `---x`}},
	{"END003", []string{"findBook", ``, `{"url":"/{{parameters.path}}"}`}},
	{"END003", []string{"findBook", ``, `{"url":"/{{parameters.path}}","method":"{{parameters.method}}"}`, "makecomapp.json", `"readOnlyHint":true`, `"arbitraryCallHint":true`}},
	{"END004", []string{"findBook", `{"url":"/books/1"}`, `{"url":"/books/1","response":{"output":"{{body.book}}"}}`}},
	{"TRG006", []string{"epoch", `100`, `500`}},
	{"PAR015", []string{"addBook.params", `"required":true`, `"required":true,"validate":{"pattern":"^[0-9]+"}`}},
	{"PAR026", []string{"addBook.params", `"type":"select"`, `"type":"folder"`}},
	{"PAR026", []string{"addBook.params", `"type":"select"`, `"type":"file"`, "shelves", `"label":`, `"file":true,"label":`}},
	{"HOO005", []string{"key", `"uid":"{{body.id}}"`, `"uid":"{{body.account.id}}"`}},
	{"RPC007", []string{"shelves", `"/shelves"`, `"/shelves?from=rpc:shelves"`}},
	{"NAM002", []string{"makecomapp.json", `"Add a book"`, `"Add a Book"`}},
	{"NAM007", []string{"groups", ``, `[]`}},
	{"INT003", []string{"interface", `"id"`, `"__IMTLENGTH"`}},
	{"INT004", []string{"interface", `"name":"id",`, ``}},
	{"INT005", []string{"interface", `"id"`, `"passwordChangedBy"`}},
	{"FUN009", []string{"tidy.js", `(text)`, `(text, a, b, c)`}},
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
			for _, d := range checkApp(t, lint.Options{MakeStrict: test.rule == "MOD014"}, test.changes...) {
				line := d.Position().String() + ": " + d.Severity.String() + " " + d.Code + ": " + d.Message
				if line == test.want {
					return
				}
				lines = append(lines, line)
			}
			t.Errorf("%v gives\n  %s\nnot\n  %s", test.changes, strings.Join(lines, "\n  "), test.want)
		})
	}
	tested["LIM001"] = true // by TestFindingsHaveAnEnd
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
		if !slices.ContainsFunc([]string{"MAN", "FMT", "IML", "PAR"}, func(family string) bool { return strings.HasPrefix(id, family) }) {
			t.Errorf("%s is in no table of rules", id)
		}
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

// manyModules are modules enough to want groups.
func manyModules() string {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, `"call%d":{"label":"Make an API call","description":"Performs any call.","moduleType":"universal","connection":"key","altConnection":null,"codeFiles":{"communication":"makeCall","staticParams":null,"mappableParams":"makeCall.params","interface":"interface","samples":"samples","scope":null}},`, i)
	}
	return b.String()
}

// deepField is a field nested deeper than forms go.
func deepField() string {
	const depth = 70
	return strings.Repeat(`{"name":"n","type":"text","nested":[`, depth) + `{"name":"n","type":"text"}` + strings.Repeat(`]}`, depth)
}
