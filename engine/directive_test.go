package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// directiveCase shows what one directive does. The first row of a path may be followed by
// more. URL stands for the address of a server that answers with what it was asked, see
// echo.
type directiveCase struct {
	path, kind string // the kind is search unless it is given
	base, api  string
	common     string
	want       string // JSON of the result
	fails      string // type and message of the error of the run
	refused    string // message of the compiler
	state      string // JSON of what the run leaves: temp, data, uid, metadata, expires, oauth, scope
	sleeps     string
}

var directiveCases = []directiveCase{
	// 2.1 The request.
	{path: "url", api: `{"url": "URL/a b/ü?x=1", "response": {"output": {"u": "{{body.uri}}"}}}`, want: `[{"u":"/a%20b/%C3%BC?x=1"}]`},
	{path: "url", api: `{"url": "{{undefined}}", "response": {"output": {"s": "{{statusCode}}", "ok": true}}}`, want: `[{"ok":true}]`},
	{path: "url", api: `{"url": "/relative"}`, fails: "InvalidConfigurationError: the url '/relative' is relative and there is no baseUrl"},
	{path: "url", kind: "trigger", api: `{"response": {"output": {"a": 1}}}`, fails: "InvalidConfigurationError: a polling trigger needs a url"},
	{path: "baseUrl", base: `{"baseUrl": "URL/v1/"}`, api: `{"url": "/things", "response": {"output": {"u": "{{body.uri}}"}}}`, want: `[{"u":"/v1/things"}]`},
	{path: "baseUrl", base: `{"baseUrl": "http://unused.example"}`, api: `{"url": "URL/things", "response": {"output": {"u": "{{body.uri}}"}}}`, want: `[{"u":"/things"}]`},
	{path: "baseUrl", kind: "connection", base: `{"baseUrl": "URL"}`, api: `{"url": "/things"}`, fails: "InvalidConfigurationError: the url '/things' is relative and there is no baseUrl"},
	{path: "endpoint", api: `{"endpoint": "echo", "input": {"q": "x"}, "response": {"output": {"u": "{{body.uri}}", "s": "{{statusCode}}"}}}`, want: `[{"u":"/endpoint?q=x","s":200}]`},
	{path: "endpoint", api: `{"endpoint": {"name": "who", "connection": {"key": "other"}}, "response": {"output": "{{body}}"}}`, want: `[{"key":"other"}]`},
	{path: "endpoint", api: `{"endpoint": {"name": "who"}, "response": {"output": "{{body}}"}}`, want: `[{"key":"own"}]`},
	{path: "endpoint", api: `{"endpoint": "none"}`, refused: "Endpoint 'none' not found."},
	{path: "endpoint", api: `{"endpoint": "{{'echo'}}"}`, refused: "Endpoint '{{'echo'}}' not found."},
	{path: "endpoint", api: `{"endpoint": "echo", "qs": {}}`, refused: "qs is not allowed beside endpoint"},
	{path: "endpoint", kind: "endpoint", api: `{"endpoint": "echo"}`, refused: "a communication of this kind calls no endpoint"},
	{path: "endpoint", kind: "trigger", api: `{"endpoint": "echo"}`, refused: "a communication of this kind calls no endpoint"},
	{path: "endpoint", api: `{"endpoint": "fails"}`, fails: "DataError: no such thing"},
	{path: "endpoint", api: `{"endpoint": "who", "repeat": {"condition": true}}`, fails: "RuntimeError: more than 100 endpoint calls in one run"},
	{path: "input", api: `{"endpoint": "echo", "input": {"q": "{{parameters.text}}"}, "response": {"output": "{{body.uri}}"}}`, kind: "rpc", want: `["/endpoint?q=a%20%26%20b"]`},
	{path: "encodeUrl", kind: "rpc", api: `{"url": "URL/a%2Fb/[1]?q=%3D%20%2526", "encodeUrl": false, "response": {"output": "{{body.uri}}"}}`, want: `["/a%2Fb/[1]?q==%20%2526"]`},
	{path: "encodeUrl", kind: "rpc", api: `{"url": "URL/a%2Fb/[1]?q=%3D?r=1", "response": {"output": "{{body.uri}}"}}`, want: `["/a%252Fb/%5B1%5D?q=%3D&r=1"]`},
	{path: "encodeUrl", api: `{"url": "URL", "encodeUrl": "{{false}}"}`, refused: "encodeUrl must be true or false"},
	{path: "encodeUrlMode", kind: "rpc", api: `{"url": "URL/a?q=ü?r=%41", "encodeUrlMode": "uniform", "response": {"output": "{{body.uri}}"}}`, want: `["/a?q=%C3%BC?r=%2541"]`},
	{path: "encodeUrlMode", kind: "rpc", api: `{"url": "URL/a?q=1?r=%41", "encodeUrl": false, "encodeUrlMode": "uniform", "response": {"output": "{{body.uri}}"}}`, want: `["/a?q=1?r=%41"]`},
	{path: "encodeUrlMode", api: `{"url": "URL", "encodeUrlMode": "other"}`, refused: `encodeUrlMode must be "legacy" or "uniform"`},
	{path: "method", kind: "rpc", api: `{"url": "URL", "method": "{{lower('PURGE')}}", "response": {"output": "{{body.method}}"}}`, want: `["PURGE"]`},
	{path: "method", kind: "rpc", api: `{"url": "URL", "response": {"output": "{{body.method}}"}}`, want: `["GET"]`},
	{path: "headers", api: `{"url": "URL", "headers": {"x-lower-CASE": "a", "X-List": ["1", "2"], "X-None": null, "X-Undefined": "{{undefined}}", "X-Empty": "", "X-Number": 5, "X-Bool": true},
		"response": {"output": "{{pick(body.headers, 'X-Lower-Case', 'X-List', 'X-None', 'X-Undefined', 'X-Empty', 'X-Number', 'X-Bool', 'Accept')}}"}}`,
		want: `[{"X-Bool":["true"],"X-Empty":[""],"X-List":["1","2"],"X-Lower-Case":["a"],"X-Number":["5"]}]`},
	{path: "headers", base: `{"headers": {"Authorization": "base", "X-Base": "1"}}`, api: `{"url": "URL", "headers": {"authorization": "own", "{{...}}": {"X-Spread": "2"}},
		"response": {"output": "{{pick(body.headers, 'Authorization', 'X-Base', 'X-Spread')}}"}}`, want: `[{"Authorization":["own"],"X-Base":["1"],"X-Spread":["2"]}]`},
	{path: "headers", base: `{"headers": {"Authorization": "base"}}`, api: `{"url": "URL", "headers": "{{parseJSON('{\"X-A\":1}')}}",
		"response": {"output": "{{pick(body.headers, 'Authorization', 'X-A')}}"}}`, want: `[{"X-A":["1"]}]`},
	{path: "headers", api: `{"url": "URL", "headers": {"X": "a\r\nEvil: b"}}`, fails: `InvalidConfigurationError: the header "X" holds a line break or a character that no header may hold`},
	{path: "headers", api: `{"url": "URL", "headers": "text"}`, fails: `InvalidConfigurationError: headers must be an object, but is text`},
	{path: "qs", kind: "rpc", api: `{"url": "URL/q?b=0&z=9", "qs": {"a": "x y&z", "b": ["1", "2"], "n": null, "u": "{{undefined}}", "e": "", "f": [], "t": true, "o": {"k": 1}, "~!*'()": "ü"},
		"response": {"output": "{{body.uri}}"}}`, want: `["/q?b=1&b=2&z=9&a=x%20y%26z&e=&t=true&o=%7B%22k%22%3A1%7D&~%21%2A%27%28%29=%C3%BC"]`},
	{path: "qs", kind: "rpc", api: `{"url": "URL/q?b=0%20&&c", "qs": {"n": null}, "response": {"output": "{{body.uri}}"}}`, want: `["/q?b=0%20&&c"]`},
	{path: "qs", api: `{"url": "URL", "qs": "{{parameters.text}}"}`, fails: "InvalidConfigurationError: qs must be an object, but is text"},
	{path: "qs", api: `{"url": "URL", "qs": {"b": "{{toBinary('x')}}"}}`, fails: "InvalidConfigurationError: qs.b is a buffer"},
	{path: "useQuerystring", kind: "rpc", api: `{"url": "URL/q", "qs": {"a": ["1", "2"]}, "useQuerystring": false, "response": {"output": "{{body.uri}}"}}`, want: `["/q?a%5B0%5D=1&a%5B1%5D=2"]`},
	{path: "body", kind: "rpc", api: `{"url": "URL", "method": "POST", "body": {"n": null, "u": "{{undefined}}", "e": "", "l": [1, "{{undefined}}"], "o": {}}, "response": {"output": "{{body.body}}"}}`,
		want: `["{\"n\":null,\"e\":\"\",\"l\":[1,null],\"o\":{}}"]`},
	{path: "body", api: `{"url": "URL", "body": {"a": 1}, "type": "json", "response": {"output": {"b": "{{body.body}}", "t": "{{body.headers.` + "`Content-Type`" + `}}"}}}`, want: `[{"b":""}]`},
	{path: "body", api: `{"url": "URL", "method": "POST", "response": {"output": {"b": "{{body.body}}", "l": "{{body.headers.` + "`Content-Length`" + `}}"}}}`, want: `[{"b":"","l":["0"]}]`},
	{path: "body", api: `{"url": "URL", "method": "DELETE", "body": "{{parameters}}", "response": {"output": {"b": "{{parseJSON(body.body).text}}"}}}`, want: `[{"b":"a & b"}]`},
	{path: "type", kind: "rpc", api: `{"url": "URL", "method": "POST", "type": "json", "body": "text", "response": {"output": "{{body.body}} {{body.headers.` + "`Content-Type`[]" + `}}"}}`, want: `["\"text\" application/json"]`},
	{path: "type", kind: "rpc", api: `{"url": "URL", "method": "POST", "body": "<a/>", "response": {"output": "{{body.body}}{{body.headers.` + "`Content-Type`[]" + `}}"}}`, want: `["<a/>"]`},
	{path: "type", kind: "rpc", api: `{"url": "URL", "method": "POST", "type": "urlencoded", "body": {"a": "x y", "b": [1, 2], "c": {"d": {"e": true}}, "n": null, "z": ""},
		"response": {"output": "{{body.body}} {{body.headers.` + "`Content-Type`[]" + `}}"}}`, want: `["a=x%20y&b=1&b=2&c%5Bd%5D%5Be%5D=true&z= application/x-www-form-urlencoded"]`},
	{path: "type", kind: "rpc", api: `{"url": "URL", "method": "POST", "type": "{{'te' + 'xt'}}", "body": 12.5, "response": {"output": "{{body.body}}{{body.headers.` + "`Content-Type`[]" + `}}"}}`, want: `["12.5"]`},
	{path: "type", kind: "rpc", api: `{"url": "URL", "method": "POST", "type": "binary", "body": "{{toBinary('aGk=', 'base64')}}", "response": {"output": "{{body.body}}"}}`, want: `["hi"]`},
	{path: "type", api: `{"url": "URL", "method": "POST", "type": "urlencoded", "body": [1]}`, fails: "InvalidConfigurationError: a body of type urlencoded must be an object, but is array"},
	{path: "type", api: `{"url": "URL", "method": "POST", "type": "yaml", "body": [1]}`, fails: "InvalidConfigurationError: the body type 'yaml' is not supported"},
	{path: "type", kind: "rpc", api: `{"url": "URL", "method": "POST", "type": "multipart/form-data", "headers": {"Content-Type": "multipart/form-data"}, "body": {
		"file": {"value": "{{toBinary('hi')}}", "options": {"filename": "a \"b\".pdf", "header": {"X-Part": "1"}}}, "bare": "{{toBinary('yo')}}", "list": ["1", 2], "none": null,
		"own": {"value": "v", "options": {"contentType": "text/csv"}}, "object": {"value": 1}}, "response": {"output": "{{replace(body.body, '/cleat-[0-9a-f]{40}/g', 'B')}}"}}`,
		want: `["--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22.pdf\"\r\nX-Part: 1\r\nContent-Type: application/pdf\r\n\r\nhi` +
			`\r\n--B\r\nContent-Disposition: form-data; name=\"bare\"\r\nContent-Type: application/octet-stream\r\n\r\nyo` +
			`\r\n--B\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\n2` +
			`\r\n--B\r\nContent-Disposition: form-data; name=\"own\"\r\nContent-Type: text/csv\r\n\r\nv` +
			`\r\n--B\r\nContent-Disposition: form-data; name=\"object\"\r\n\r\n{\"value\":1}\r\n--B--\r\n"]`},
	{path: "type", api: `{"url": "URL", "method": "POST", "type": "multipart/form-data", "body": {"a": {"value": 1, "options": {"header": {"X": "a\r\nb"}}}}}`,
		fails: "InvalidConfigurationError: the options of a part hold a line break or another control character"},
	{path: "ca", api: `{"url": "URL", "ca": "{{undefined}}", "response": {"output": {"m": "{{body.method}}"}}}`, want: `[{"m":"GET"}]`}, // more in TestTLS
	{path: "rejectUnauthorized", api: `{"url": "URL", "rejectUnauthorized": true, "response": {"output": {"m": "{{body.method}}"}}}`, want: `[{"m":"GET"}]`},
	{path: "shareCookies", api: `[{"url": "URL/cookie", "shareCookies": true}, {"url": "URL", "shareCookies": true, "response": {"output": {"c": "{{body.headers.Cookie}}"}}}]`, want: `[{"c":["a=1; b=2"]}]`},
	{path: "shareCookies", api: `[{"url": "URL/cookie"}, {"url": "URL", "shareCookies": true, "response": {"output": {"c": "{{body.headers.Cookie}}", "ok": 1}}}]`, want: `[{"ok":1}]`},
	{path: "timeout", base: `{"timeout": 30}`, api: `{"url": "URL/hang"}`, fails: "ConnectionError: GET URL/hang: no answer within 30ms"},
	{path: "timeout", base: `{"timeout": 1}`, api: `{"url": "URL", "timeout": 99999999999999, "response": {"output": {"m": "{{body.method}}"}}}`, want: `[{"m":"GET"}]`},
	{path: "temp", api: `{"temp": {"a": 1, "b": "{{temp.a}}", "l": [1, 2, 3]}, "response": {"temp": {"b": "{{temp.a}}", "l": [9]}, "output": {"ok": 1}}}`, want: `[{"ok":1}]`, state: `{"temp":{"a":1,"b":1,"l":[9,2,3]}}`},
	{path: "timeout", base: `{"baseUrl": "URL"}`, kind: "attach", api: `{"url": "/hang", "timeout": 30}`, fails: "ConnectionError: GET URL/hang: no answer within 30ms"},
	{path: "timeout", api: `{"url": "URL/hang"}`, common: `{"timeout": 30}`, fails: "ConnectionError: GET URL/hang: no answer within 30ms"},
	{path: "condition", api: `{"condition": "{{parameters.text = 'x'}}", "url": "URL"}`, want: `[]`},
	{path: "condition", api: `{"condition": {"condition": false, "default": {"d": "{{parameters.text}}"}}, "url": "URL"}`, want: `[{"d":"a & b"}]`},
	{path: "condition", api: `{"condition": "false", "response": {"output": {"ran": true}}}`, want: `[{"ran":true}]`},
	{path: "gzip", api: `{"url": "URL/gzip", "gzip": true, "response": {"output": {"e": "{{body.encoding}}"}}}`, want: `[{"e":["gzip, deflate"]}]`},
	{path: "gzip", api: `{"url": "URL", "response": {"output": {"e": "{{body.headers.` + "`Accept-Encoding`" + `}}", "ok": 1}}}`, want: `[{"ok":1}]`},
	{path: "aws", kind: "rpc", api: `{"url": "URL/bucket", "aws": {"key": "K", "secret": "S", "session": "T", "sign_version": 4, "service": "s3"}, "response": {"output": "{{body.headers.Authorization[]}} {{body.headers.` + "`X-Amz-Security-Token`" + `[]}}"}}`,
		want: `["AWS4-HMAC-SHA256 Credential=K/20260102/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=SIG T"]`},
	{path: "aws", kind: "rpc", api: `{"url": "URL/a", "aws": {"key": "K", "secret": "S"}, "response": {"output": "{{body.headers.Authorization[]}} {{body.headers.Date[]}}"}}`,
		want: `["AWS K:u0814UlUbRpALatkQQ88b8czsjc= Fri, 02 Jan 2026 03:04:05 GMT"]`},
	{path: "aws", api: `{"url": "URL", "aws": {"key": "K"}}`, fails: "InvalidConfigurationError: aws needs a key and a secret"},
	{path: "common", api: `{"url": "URL", "common": {"m": "GET"}, "response": {"output": {"m": "{{body.method}}", "common": "{{ifempty(common.m, 'none')}}"}}}`,
		want: `[{"m":"GET","common":"none"}]`}, // of install directives only: see TestInstall of package cleat
	{path: "auth", api: `{"url": "URL", "auth": {"type": "digest", "username": "u"}, "response": {"output": {"m": "{{body.method}}"}}}`, want: `[{"m":"GET"}]`}, // more in TestDigest
	{path: "auth", api: `{"url": "URL", "auth": {"type": "basic"}}`, fails: `InvalidConfigurationError: auth of type "basic" is not known; it is digest or certificate`},
	{path: "oauth", api: `{"url": "URL", "oauth": {"consumer_key": "K", "consumer_secret": "S"}, "response": {"output": {"a": "{{split(body.headers.Authorization[], '=')[]}}"}}}`, want: `[{"a":"OAuth oauth_consumer_key"}]`},
	{path: "oauth", base: `{"oauth": {"consumer_key": "K"}}`, api: `{"url": "URL", "oauth": null, "response": {"output": {"a": "{{body.headers.Authorization}}", "ok": 1}}}`, want: `[{"ok":1}]`},
	{path: "followRedirects", api: `{"url": "URL/moved/302", "response": {"output": {"u": "{{body.uri}}"}}}`, want: `[{"u":"/target"}]`},
	{path: "followRedirects", api: `{"url": "URL/moved/302", "followRedirects": false, "response": {"output": {"s": "{{statusCode}}", "l": "{{headers.location}}"}}}`, want: `[{"s":302,"l":"/target"}]`},
	{path: "followRedirect", api: `{"url": "URL/moved/301", "followRedirect": false, "response": {"output": {"s": "{{statusCode}}"}}}`, want: `[{"s":301}]`},
	{path: "followAllRedirects", api: `{"url": "URL/moved/302", "method": "POST", "body": {"a": 1}, "response": {"output": {"m": "{{body.method}}", "b": "{{body.body}}", "t": "{{body.headers.` + "`Content-Type`" + `}}"}}}`, want: `[{"m":"GET","b":""}]`},
	{path: "followAllRedirects", api: `{"url": "URL/moved/307", "method": "PUT", "body": {"a": 1}, "response": {"output": {"m": "{{body.method}}", "b": "{{body.body}}"}}}`, want: `[{"m":"PUT","b":"{\"a\":1}"}]`},
	{path: "followAllRedirects", api: `{"url": "URL/moved/308", "method": "POST", "followAllRedirects": false, "response": {"output": {"s": "{{statusCode}}"}}}`, want: `[{"s":308}]`},
	{path: "followAllRedirect", api: `{"url": "URL/moved/303", "method": "PATCH", "followAllRedirect": false, "response": {"output": {"s": "{{statusCode}}"}}}`, want: `[{"s":303}]`},
	{path: "log.sanitize", base: `{"log": {"sanitize": ["request.qs.a"]}}`, api: `{"url": "URL", "qs": {"a": "hidden"}, "log": {"sanitize": ["response.body"]}, "response": {"output": {"ok": 1}}}`, want: `[{"ok":1}]`}, // more in TestTranscript
	{path: "repeat", api: `{"temp": {"n": "{{temp.n + 1}}"}, "url": "URL", "repeat": {"condition": "{{temp.n < 3 & !body}}", "delay": 250}, "response": {"output": {"n": "{{temp.n}}"}}}`, want: `[{"n":3}]`, sleeps: "[250ms 250ms]"},
	{path: "repeat", api: `{"temp": {"n": "{{temp.n + 1}}"}, "repeat": {"condition": true, "limit": 4}, "response": {"output": {"n": "{{temp.n}}"}}}`, want: `[{"n":4}]`, sleeps: "[0s 0s 0s]"},
	{path: "repeat", api: `{"url": "URL", "repeat": {"condition": true}}`, fails: "RuntimeError: more than 100 requests in one run"},
	{path: "repeat", api: `{"repeat": {"condition": true, "limit": "{{5}}"}}`, refused: "limit must be a number"},
	{path: "while", api: `{"temp": {"n": "{{temp.n + 1}}"}, "while": {"condition": "{{temp.n < 2}}"}, "response": {"output": {"n": "{{temp.n}}"}}}`, want: `[{"n":2}]`, sleeps: "[0s]"},
	{path: "agency", api: `{"url": "URL", "agency": {"action": "x"}}`, refused: "the directive agency is internal to the platform"},
	{path: "isc", api: `{"url": "URL", "isc": {"service": "x"}}`, refused: "the directive isc is internal to the platform"},

	// 2.3 Paging. URL/page?n=N has items 2N-1 and 2N, five pages.
	{path: "pagination", api: `{"url": "URL/page", "qs": {"n": "{{pagination.page}}"}, "response": {"iterate": "{{body.items}}"}, "pagination": {}}`, kind: "rpc", want: `["1","2","3","4","5","6","7","8","9","10"]`},
	{path: "pagination", kind: "rpc", api: `{"url": "URL/page", "qs": {"n": "{{pagination.page}}"}, "response": {"iterate": "{{body.items}}"}, "pagination": "on"}`, want: `["1","2"]`},
	{path: "pagination", kind: "rpc", api: `{"url": "URL/page", "qs": {"n": 1, "o": "{{pagination.offset}}", "l": "{{pagination.limit}}"}, "response": {"output": ["{{body.o}}-{{body.l}}"]}, "pagination": {"condition": "{{pagination.page <= 5}}"}}`,
		want: `["0-20","20-100","120-500","620-500","1120-500"]`},
	{path: "pagination.condition", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": "{{body.items}}"}, "pagination": {"condition": "{{5 > pagination.page}}", "qs": {"n": "{{pagination.page}}"}}}`, want: `["1","2","3","4","5","6","7","8"]`},
	{path: "pagination.condition", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": "{{body.items}}"}, "pagination": {"condition": "{{body.next}}", "qs": {"n": "{{body.next}}"}}}`, want: `["1","2","3","4","5","6","7","8","9","10"]`},
	{path: "pagination.url", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": "{{body.items}}"}, "pagination": {"condition": "{{body.next}}", "url": "URL/page?n={{body.next}}"}}`, want: `["1","2","3","4","5","6","7","8","9","10"]`},
	{path: "pagination.method", kind: "rpc", api: `{"url": "URL/page?n=5", "response": {"iterate": "{{merge(body.items, split(body.method, ','))}}"}, "pagination": {"condition": "{{pagination.page < 3}}", "method": "POST"}}`, want: `["9","10","GET","9","10","POST"]`},
	{path: "pagination.headers", kind: "rpc", base: `{"headers": {"X-A": "base", "X-B": "base"}}`, api: `{"url": "URL/page?n=5", "response": {"iterate": "{{body.ab}}"}, "pagination": {"condition": "{{pagination.page < 3}}", "headers": {"X-B": "paged"}}}`, want: `["base base","base paged"]`},
	{path: "pagination.qs", kind: "rpc", api: `{"url": "URL/page", "qs": {"n": 1, "o": "own"}, "response": {"iterate": "{{merge(body.items, split(body.o, ','))}}"}, "pagination": {"condition": "{{pagination.page < 3}}", "qs": {"n": "{{pagination.page}}"}}}`, want: `["1","2","own","3","4","own"]`},
	{path: "pagination.mergeWithParent", kind: "rpc", base: `{"headers": {"X-A": "base"}}`, api: `{"url": "URL/page", "qs": {"o": "own"}, "response": {"iterate": "{{merge(body.items, split(body.o, ','), body.ab)}}"},
		"pagination": {"mergeWithParent": false, "condition": "{{pagination.page < 3}}", "headers": {"X-B": "paged"}, "qs": {"n": 2}}}`, want: `["1","2","own","base ","3","4"," paged"]`},
	{path: "pagination.body", kind: "rpc", api: `{"url": "URL/page?n=5", "method": "POST", "body": {"a": 1}, "response": {"iterate": "{{body.sent}}"}, "pagination": {"condition": "{{pagination.page < 3}}", "body": {"p": "{{pagination.page}}"}}}`, want: `["{\"a\":1}","{\"p\":2}"]`},
	{path: "pagination.endpoint", kind: "rpc", api: `{"endpoint": "list", "input": {"n": 1}, "response": {"iterate": "{{body}}"}, "pagination": {"condition": "{{pagination.page < 4}}", "endpoint": "fixed"}}`, want: `["1","2","x","y","x","y"]`},
	{path: "pagination.input", kind: "rpc", api: `{"endpoint": "list", "input": {"n": 1}, "response": {"iterate": "{{body}}"}, "pagination": {"input": {"n": "{{pagination.page}}"}}}`, want: `["1","2","3","4","5","6","7","8","9","10"]`},
	{path: "pagination.stopOnEmptyResponse", kind: "rpc", api: `{"url": "URL/page", "qs": {"n": "{{if(pagination.page = 2, 9, pagination.page)}}"}, "response": {"iterate": "{{body.items}}"}, "pagination": {"stopOnEmptyResponse": false, "condition": "{{pagination.page < 4}}"}}`, want: `["1","2","5","6"]`},
	{path: "pagination.stopOnEmptyBundles", kind: "rpc", api: `{"url": "URL/page", "qs": {"n": "{{if(pagination.page = 2, 9, pagination.page)}}"}, "response": {"iterate": "{{body.items}}"}, "pagination": {"stopOnEmptyBundles": true, "condition": "{{pagination.page < 4}}"}}`, want: `["1","2"]`},
	{path: "pagination.delay", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": "{{body.items}}"}, "pagination": {"delay": 100, "condition": "{{pagination.page < 4}}"}}`, want: `["1","2","1","2","1","2"]`, sleeps: "[100ms 100ms]"},
	{path: "pagination.agency", api: `{"url": "URL", "pagination": {"agency": {}}}`, refused: "the directive pagination.agency is internal to the platform"},

	// 2.2 The response. URL/give/STATUS answers with that status and what query t says.
	{path: "response.type", kind: "rpc", api: `{"url": "URL/give/200?t=[1]", "response": {"type": "text", "output": "{{body}}"}}`, want: `["[1]"]`},
	{path: "response.type", kind: "rpc", api: `{"url": "URL/give/203?t=a=1", "response": {"type": {"*": "json", "200-299": "text", "203": "urlencoded"}, "output": "{{body.a}}"}}`, want: `["1"]`},
	{path: "response.type", kind: "rpc", api: `{"url": "URL/give/200?t=<a><b c='1'>x</b><b/></a>", "response": {"type": "{{'x' + 'ml'}}", "output": "{{createJSON(body)}}"}}`, want: `["{\"a\":{\"b\":[{\"_attributes\":{\"c\":\"1\"},\"_value\":\"x\"},\"\"]}}"]`},
	{path: "response.type", kind: "rpc", api: `{"url": "URL/give/200?t=abc", "response": {"type": "binary", "output": "{{toString(body)}}"}}`, want: `["abc"]`},
	{path: "response.type", api: `{"url": "URL/give/200?t=abc", "response": {"type": "yaml"}}`, fails: "InvalidConfigurationError: the response type 'yaml' is not supported"},
	{path: "response.type", api: `{"url": "URL", "response": {"type": {"often": "json"}}}`, refused: `"often" is no status`},
	{path: "response.temp", api: `{"url": "URL/page", "response": {"temp": {"seen": "{{temp.seen}}{{body.items[]}}"}, "iterate": "{{body.items}}", "output": {"s": "{{temp.seen}}"}}, "pagination": {"qs": {"n": "{{pagination.page}}"}, "condition": "{{pagination.page < 4}}"}}`,
		want: `[{"s":"1"},{"s":"1"},{"s":"13"},{"s":"13"},{"s":"135"},{"s":"135"}]`},
	{path: "response.temp", api: `{"url": "URL/give/500", "response": {"temp": {"seen": 1}, "error": "seen {{temp.seen}}"}}`, fails: "ConnectionError: seen "},
	{path: "response.valid", api: `{"url": "URL/give/200?t=x", "response": {"valid": "{{body = 'y'}}"}}`, fails: "RuntimeError: Response marked as invalid."},
	{path: "response.valid", api: `{"url": "URL/give/200?t=x", "response": {"valid": {"condition": "", "message": "not {{body}}", "type": "DataError"}}}`, fails: "DataError: not x"},
	{path: "response.valid", api: `{"url": "URL/give/200?t=x", "response": {"valid": false, "error": {"message": "general", "type": "DataError", "200": {"message": "of 200"}}}}`, fails: "DataError: of 200"},
	{path: "response.error", api: `{"url": "URL/give/404?t=x", "response": {"error": "no {{body}}"}}`, fails: "RuntimeError: no x"},
	{path: "response.error", api: `{"url": "URL/give/429?t=x", "response": {"error": {"message": "m", "type": "DataError"}}}`, fails: "DataError: m"},
	{path: "response.error", api: `{"url": "URL/give/429?t=x", "response": {"error": {"message": "m", "400-499": {"message": "range"}, "420-429": {"message": "narrow {{statusCode}}"}}}}`, fails: "RateLimitError: narrow 429"},
	{path: "response.error", api: `{"url": "URL/give/404?t=x", "response": {"error": {"message": "m", "404": "text of 404"}}}`, fails: "RuntimeError: text of 404"},
	{path: "response.error", api: `{"url": "URL/give/418?t=x", "response": {"error": {"message": "{{body.nothing}}", "type": "NoSuchError"}}}`, fails: "RuntimeError: [418] I'm a teapot"},
	{path: "error", api: `{"url": "URL/give/400?t=x", "error": {"message": "root"}}`, fails: "RuntimeError: root"},
	{path: "error", api: `{"url": "URL/give/400?t=x", "error": "root", "response": {"error": "own"}}`, fails: "RuntimeError: own"},
	{path: "response.limit", kind: "rpc", api: `{"url": "URL/page", "qs": {"n": "{{pagination.page}}"}, "response": {"limit": "{{'3'}}", "iterate": "{{body.items}}"}, "pagination": {}}`, want: `["1","2","3"]`},
	{path: "response.limit", kind: "rpc", api: `{"url": "URL/page", "response": {"limit": 1, "output": "{{body.items}}"}}`, want: `["1"]`},
	{path: "pagination", kind: "rpc", common: `{"maxPaginationRequestCount": 1}`, api: `{"url": "URL/page", "qs": {"n": "{{pagination.page}}"}, "response": {"iterate": "{{body.items}}"}, "pagination": {}}`, want: `["1","2","3","4"]`},
	{path: "repeat", common: `{"maxRequestCount": 2}`, api: `{"url": "URL", "repeat": {"condition": true}}`, fails: "RuntimeError: more than 2 requests in one run"},
	{path: "response.limit", api: `{"url": "URL/page", "response": {"limit": 0, "iterate": "{{body.items}}"}}`, fails: "InvalidConfigurationError: response.limit must be a number above 0, not '0'"},
	{path: "response.limit", kind: "trigger", api: trigger, want: `[{"i":"1"}]`},
	{path: "response.limit", kind: "rpc", api: `{"url": "URL/page", "response": {"limit": "{{parameters.none}}", "iterate": "{{body.items}}"}}`, want: `["1","2"]`},
	{path: "response.iterate", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": "body.items"}}`, want: `["1","2"]`},
	{path: "response.iterate", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": {"container": "{{body.items}}", "condition": "{{item > 1}}"}, "output": "{{item}}0"}}`, want: `["20"]`},
	{path: "response.iterate", kind: "rpc", api: `{"url": "URL/page", "response": {"iterate": "{{body.none}}"}}`, want: `[]`},
	{path: "response.iterate", api: `{"url": "URL/page", "response": {"iterate": "{{body}}"}}`, fails: "DataError: response.iterate needs an array, but found collection"},
	{path: "response.output", api: `{"url": "URL/page", "response": {"output": {"n": null, "u": "{{undefined}}", "{{...}}": {"s": 1}, "{{'k' + 1}}": 2}}}`, want: `[{"n":null,"s":1,"k1":2}]`},
	{path: "response.output", api: `[{"response": {"output": {"first": 1}}}, {"url": "URL/page", "response": {"output": null}, "pagination": {}}]`, want: `[{"first":1}]`},
	{path: "response.output", api: `[{"response": {"output": {"first": 1}}}, {"response": {"output": []}}]`, want: `[]`},
	{path: "response.output", kind: "action", api: `{"url": "URL/page", "response": {"output": "{{body.items}}"}}`, fails: "DataError: Invalid module output. Expected Object, but found Array."},
	{path: "response.output", api: `{"url": "URL/page", "response": {"iterate": "{{body.items}}", "output": "text"}}`, fails: "DataError: Invalid item in module output. Expected Object, but found String."},
	{path: "response.wrapper", kind: "action", api: `{"url": "URL/page", "qs": {"n": "{{pagination.page}}"}, "response": {"iterate": "{{body.items}}", "wrapper": {"all": "{{output}}", "first": "{{iterate.container.first}}", "last": "{{iterate.container.last}}", "page": "{{body.n}}"}}, "pagination": {"condition": "{{pagination.page < 3}}"}}`,
		want: `{"all":["1","2","3","4"],"first":"3","last":"4","page":"2"}`},
	{path: "response.unwrap", kind: "endpoint", api: `{"url": "URL/give/200?t={}", "response": {"type": "json"}}`, want: `{}`},
	{path: "response.unwrap", kind: "endpoint", api: `{"url": "URL/give/200?t=[]", "response": {"type": "json"}}`, want: `{}`},
	{path: "response.unwrap", kind: "endpoint", api: `{"url": "URL/give/200?t={}", "response": {"type": "json", "unwrap": false}}`, want: `[{}]`},
	{path: "response.unwrap", kind: "endpoint", api: `{"url": "URL/page", "response": {"iterate": "{{body.items}}", "output": {"i": "{{item}}"}}}`, want: `[{"i":"1"},{"i":"2"}]`},
	{path: "response.trigger.type", kind: "trigger", api: trigger, want: `[{"i":"1"}]`, state: `{"mark":{"type":"date","order":"desc","id":"2","date":"d2"}}`},
	{path: "response.trigger.order", kind: "trigger", api: trigger, want: `[{"i":"1"}]`, state: `{"mark":{"type":"date","order":"desc","id":"2","date":"d2"}}`},
	{path: "response.trigger.id", kind: "trigger", api: trigger, want: `[{"i":"1"}]`, state: `{"mark":{"type":"date","order":"desc","id":"2","date":"d2"}}`},
	{path: "response.trigger.date", kind: "trigger", api: trigger, want: `[{"i":"1"}]`, state: `{"mark":{"type":"date","order":"desc","id":"2","date":"d2"}}`},
	{path: "response.data", kind: "connection", api: `[{"response": {"data": {"a": 1, "b": 2}}}, {"response": {"data": {"b": 3, "c": "{{undefined}}"}}}]`, state: `{"data":{"a":1,"b":3}}`},
	{path: "response.metadata", kind: "connection", api: `{"response": {"metadata": {"type": "email", "value": "a@b"}}}`, state: `{"metadata":{"type":"email","value":"a@b"}}`},
	{path: "response.uid", kind: "connection", api: `{"response": {"uid": "{{1 + 1}}"}}`, state: `{"uid":2}`},
	{path: "response.expires", kind: "connection", api: `{"response": {"expires": "{{addSeconds(now, 60)}}"}}`, state: `{"expires":"2026-01-02T03:05:05.000Z"}`},
	{path: "response.oauth", kind: "leg", api: `{"response": {"oauth": {"token": "t"}}}`, state: `{"oauth":{"token":"t"}}`},
	{path: "response.scope", kind: "leg", api: `{"response": {"scope": ["a", "b"]}}`, state: `{"scope":["a","b"]}`},

	// Answers to what comes in.
	{path: "response.status", kind: "responder", api: `{"response": {"status": "{{parameters.status}}", "body": "x"}}`, state: `{"reply":{"status":207,"header":{},"body":"x"}}`},
	{path: "response.status", kind: "responder", api: `{"response": {"status": 5}}`, fails: "InvalidConfigurationError: the status must be from 200 to 999, not '5'"},
	{path: "response.headers", kind: "responder", api: `{"response": {"headers": {"X-A": [1, 2]}}}`, state: `{"reply":{"status":200,"header":{"X-A":["1","2"]},"body":""}}`},
	{path: "response.body", kind: "responder", api: `{"response": {"body": {"a": "{{parameters.text}}"}}}`, state: `{"reply":{"status":200,"header":{"Content-Type":["application/json"]},"body":"{\"a\":\"a & b\"}"}}`},
	{path: "respond", kind: "hook", api: `{"respond": {"type": "urlencoded", "status": 202, "headers": {"X-A": "{{body.events[].id}}"}, "body": {"a": 1}}}`,
		state: `{"reply":{"status":202,"header":{"Content-Type":["application/x-www-form-urlencoded"],"X-A":["7"]},"body":"a=1"}}`},
	{path: "verification", kind: "hook", api: `{"verification": {"condition": "{{body.challenge}}", "respond": {"type": "text", "body": "{{body.challenge}}"}}}`, state: `{"verification":{"status":200,"header":{},"body":"c"}}`},
	{path: "verification", kind: "hook", api: `{"verification": {"condition": "{{body.none}}", "respond": {"body": "c"}}}`, state: `{}`},
	{path: "verification", kind: "hook", api: `{"verification": {}}`, state: `{"verification":{"status":200,"header":{},"body":""}}`},
	{path: "iterate", kind: "hook", api: `{"iterate": {"container": "{{body.events}}", "condition": "{{item.id > 7}}"}}`, want: `[{"id":8}]`},
	{path: "output", kind: "hook", api: `{"iterate": "{{body.events}}", "output": {"i": "{{item.id}}"}}`, want: `[{"i":7},{"i":8}]`},
	{path: "output", kind: "hook", api: `{"condition": "{{body.challenge}}"}`, want: `[{"events":[{"id":7},{"id":8}],"challenge":"c"}]`},
	{path: "output", kind: "hook", api: `{"condition": "{{body.none}}"}`, want: `[]`},
	{path: "uid", kind: "hook", api: `{"uid": "{{body.events[].id}}", "output": {"a": 1}}`, want: `[{"a":1}]`, state: `{"uid":7}`},
}

const trigger = `{"url": "URL/page", "response": {"iterate": "{{body.items}}", "output": {"i": "{{item}}"}, "trigger": {"type": "date", "order": "desc", "id": "{{item}}", "date": "d{{item}}"}}}`

// echo answers with what it was asked. Some paths do something else.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	header := r.Header.Clone()
	if r.ContentLength >= 0 && r.Method != http.MethodGet {
		header.Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	status := http.StatusOK
	switch {
	case r.URL.Path == "/hang":
		<-r.Context().Done()
	case r.URL.Path == "/cookie":
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2; Path=/")
	case r.URL.Path == "/gzip":
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		w.Write(zipped(`{"encoding":` + toJSON(header["Accept-Encoding"]) + `}`))
		return
	case strings.HasPrefix(r.URL.Path, "/moved/"):
		fmt.Sscan(r.URL.Path[len("/moved/"):], &status)
		w.Header().Set("Location", "/target")
		w.WriteHeader(status)
		return
	case strings.HasPrefix(r.URL.Path, "/give/"):
		fmt.Sscan(r.URL.Path[len("/give/"):], &status)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		io.WriteString(w, r.URL.Query().Get("t"))
		return
	case r.URL.Path == "/page":
		answers(toJSON(listing(r, string(body))))(w, r)
		return
	}
	answers(toJSON(map[string]any{"method": r.Method, "uri": r.RequestURI, "headers": header, "body": string(body)}))(w, r)
}

// listing is a page of five that hold two items each.
func listing(r *http.Request, body string) map[string]any {
	q := r.URL.Query()
	n := 1
	fmt.Sscan(q.Get("n"), &n)
	page := map[string]any{"items": []string{}, "n": q.Get("n"), "o": q.Get("o"), "l": q.Get("l"), "method": r.Method,
		"ab": []string{r.Header.Get("X-A") + " " + r.Header.Get("X-B")}, "sent": []string{body}}
	if n <= 5 {
		page["items"] = []string{fmt.Sprint(2*n - 1), fmt.Sprint(2 * n)}
	}
	if n < 5 {
		page["next"] = n + 1
	}
	return page
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// endpoints are the siblings that a case may call.
var endpoints = map[string]string{
	"echo":  `{"url": "URL/endpoint", "qs": {"q": "{{parameters.q}}"}}`,
	"who":   `{"response": {"output": {"key": "{{connection.key}}"}}}`,
	"fails": `{"url": "URL/give/404", "response": {"error": {"message": "no such thing", "type": "DataError"}}}`,
	"list":  `{"url": "URL/page", "qs": {"n": "{{parameters.n}}"}, "response": {"iterate": "{{body.items}}"}}`,
	"fixed": `{"response": {"output": ["x", "y"]}}`,
}

func TestDirectives(t *testing.T) {
	t.Parallel()
	server := serve(t, echo)
	for i, c := range directiveCases {
		t.Run(fmt.Sprintf("%s/%d", c.path, i), func(t *testing.T) {
			t.Parallel()
			c.check(t, server)
		})
	}
}

func (c directiveCase) check(t *testing.T, server *httptest.Server) {
	here := func(text string) string { return strings.ReplaceAll(text, "URL", server.URL) }
	kind := engine.Kind(c.kind)
	if kind == "" {
		kind = engine.Search
	}
	s := engine.Source{Name: "test", Kind: kind, Code: code(t, "api", here(c.api))}
	if c.base != "" {
		s.Base = code(t, "base", here(c.base))
	}
	s.Endpoint = func(name string) *engine.Plan {
		text, ok := endpoints[name]
		if !ok {
			return nil
		}
		return compileSource(t, engine.Source{Name: name, Kind: engine.Endpoint, Code: code(t, name, here(text))})
	}
	plan, found := engine.Compile(s)
	if errs := found.Errors(); c.refused != "" || len(errs) > 0 {
		if len(errs) != 1 || errs[0].Message != c.refused {
			t.Fatalf("the compiler says %v, want %q", errs, c.refused)
		}
		return
	}
	var slept []time.Duration
	r := local(engine.Options{
		Now:   func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil },
	}).Start(plan, c.input(server))
	v, reply, err := c.run(r)
	if c.fails != "" {
		if err == nil || err.Error() != here(c.fails) {
			t.Fatalf("the error is %v, want %s", err, here(c.fails))
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.want != "" {
		got := signature.ReplaceAllString(string(v.AppendJSON(nil)), "Signature=SIG")
		if got != here(c.want) {
			t.Errorf("got\n%s, want\n%s", got, here(c.want))
		}
	}
	if c.state != "" {
		if got := left(r, reply, c.state); got != c.state {
			t.Errorf("left is\n%s, want\n%s", got, c.state)
		}
	}
	if got := fmt.Sprint(slept); c.sleeps != "" && got != c.sleeps {
		t.Errorf("slept %s, want %s", got, c.sleeps)
	}
}

// signature changes with the port of the server.
var signature = regexp.MustCompile(`Signature=[0-9a-f]{64}`)

func (c directiveCase) input(server *httptest.Server) engine.Input {
	parameters := object("url", server.URL, "text", "a & b")
	parameters.Collection().Set("status", value.Int(207))
	delivery, err := value.ParseJSON([]byte(`{"events":[{"id":7},{"id":8}],"challenge":"c"}`))
	if err != nil {
		panic(err)
	}
	in := engine.Input{Parameters: parameters, Connection: object("key", "own"), Temp: value.Object("n", value.Int(0))}
	if c.common != "" {
		common, err := value.ParseJSON([]byte(c.common))
		if err != nil {
			panic(err)
		}
		in.Common = common
	}
	if c.kind == string(engine.Hook) {
		in.Roots = map[string]value.Value{"body": delivery}
	}
	return in
}

// run does with a plan what its kind is for.
func (c directiveCase) run(r *engine.Run) (value.Value, map[string]*engine.Reply, error) {
	replies := map[string]*engine.Reply{}
	verification, err := r.Verification(context.Background())
	if err != nil {
		return value.Undefined, nil, err
	}
	if replies["verification"] = verification; verification != nil {
		return value.Undefined, replies, nil
	}
	if c.kind == string(engine.Hook) || c.kind == string(engine.Responder) {
		if replies["reply"], err = r.Reply(context.Background()); err != nil {
			return value.Undefined, nil, err
		}
	}
	v, err := r.Value(context.Background())
	return v, replies, err
}

// left writes the members of the state that want names.
func left(r *engine.Run, replies map[string]*engine.Reply, want string) string {
	s, m := r.State(), r.Mark()
	parts := []struct {
		name string
		v    value.Value
	}{{"temp", s.Temp}, {"data", s.Data}, {"uid", s.UID}, {"metadata", s.Metadata}, {"expires", s.Expires}, {"oauth", s.OAuth}, {"scope", s.Scope},
		{"mark", value.Object("type", m.Type, "order", m.Order, "id", m.ID, "date", m.Date)}}
	var members []string
	for _, p := range parts {
		if strings.HasPrefix(want, `{"`+p.name+`"`) {
			if c := p.v.Collection(); p.name == "temp" && c != nil && strings.Contains(want, `"a":1`) {
				c.Delete("n")
			}
			members = append(members, `"`+p.name+`":`+string(p.v.AppendJSON(nil)))
		}
	}
	for _, name := range []string{"reply", "verification"} {
		if a := replies[name]; a != nil {
			members = append(members, fmt.Sprintf(`"%s":{"status":%d,"header":%s,"body":%s}`, name, a.Status, toJSON(a.Header), value.Text(string(a.Body)).AppendJSON(nil)))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// TestEveryDirectiveHasACase compares the cases with the table of the compiler.
func TestEveryDirectiveHasACase(t *testing.T) {
	t.Parallel()
	known := engine.Directives()
	for _, path := range known {
		if !slices.ContainsFunc(directiveCases, func(c directiveCase) bool { return c.path == path }) {
			t.Errorf("%s has no case", path)
		}
	}
	for _, c := range directiveCases {
		if !slices.Contains(known, c.path) {
			t.Errorf("the compiler does not know %s", c.path)
		}
	}
}
