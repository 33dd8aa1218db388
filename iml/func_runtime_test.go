package iml

import "testing"

func TestFunctionsOfApps(t *testing.T) {
	t.Parallel()
	runCases(t, []evalCase{
		{`parseJSON('{"a":1')`, `! '{"a":1' is not a valid JSON text: unexpected end of JSON after a member at offset 6.`},
		{`parseJSON('[12345678901234567890]')`, `[12345678901234567890]`},
		{`createJSON(o)`, `"{\"k\":\"v\",\"a b\":2}"`},
		{`createJSON(missing)`, `undefined`},
		{`createJSON(d)`, `"\"2016-12-28T16:03:06.000Z\""`},
		{`parseXML('<a><b/>x<c y="1">&lt;</c></a>')`, `{"a":{"_":"x","b":[""],"c":[{"_":"<","$":{"y":"1"}}]}}`},
		{`parseXML('<a><![CDATA[<x>]]></a>')`, `{"a":"<x>"}`},
		{`parseXML('<n:a xmlns:n="u"/>')`, `{"n:a":{"$":{"xmlns:n":"u"}}}`},
		{`parseXML('<a></b>')`, `! '<a></b>' is not a valid XML text: </b> closes nothing.`},
		{`parseXML('<a/><b/>')`, `! '<a/><b/>' is not a valid XML text: there is more than one root element.`},
		{`parseXML('x')`, `! 'x' is not a valid XML text: there is text outside the root element.`},
		{`parseXML('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>')`, `! '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>' is not a valid XML text: XML syntax error on line 1: invalid character entity &e;.`},
		{`createXML(parseJSON('{"a":{"b":[1,2],"_":"t"}}'))`, `"<a>t<b>1</b><b>2</b></a>"`},
		{`createXML(parseJSON('{"a b":1}'))`, `! 'a b' is not a valid XML name.`},
		{`createXML(parseJSON('{"a":1,"b":null}'))`, `"<root><a>1</a><b/></root>"`},
		{`toDataStructure(users)`, `[{"name":"id","type":"number"},{"name":"name","type":"text"},{"name":"tags","type":"array","spec":{"type":"text"}}]`},
		{`toDataStructure('<a><b>1</b></a>', 'xml')`, `[{"name":"a","type":"collection","spec":[{"name":"b","type":"array","spec":{"type":"text"}}]}]`},
		{`toDataStructure(1, 'csv')`, `! 'csv' is not a valid type of data.`},
		{`isArray(o)`, `false`},
		{`pop(o)`, `! '{object}' is not a valid array.`},
		{`shift(emptyarray)`, `undefined`},
		{`mime('a.tar.gz')`, `"application/gzip"`},
		{`mime('x')`, `undefined`},
		{`errorFactory('DataError', 'bad')`, `! bad`},
		{`errorFactory('Nope', 'bad')`, `! 'Nope' is not a valid error type.`},
		{`jwt(parseJSON('{"a":1}'), '')`, `! The secret is empty.`},
		{`jwt(parseJSON('{"a":1}'), 's', 'none')`, `! 'none' is not a valid algorithm.`},
		{`jwt(parseJSON('{"a":1}'), 's', 'RS256')`, `! The key is not a private key in PEM form.`},
		{`jwt(parseJSON('{"exp":1}'), 's', 'HS256', parseJSON('{"expiresIn":1}'))`, `! Bad "options.expiresIn" option the payload already has an "exp" property.`},
		{`jwt(parseJSON('{}'), 's', 'HS256', parseJSON('{"expiresIn":"soon"}'))`, `! 'soon' is not a valid time span.`},
		{`jwt(parseJSON('{}'), 's', 'HS256', parseJSON('{"expiresIn":"1h","notBefore":-5,"audience":"a","header":{"alg":"none","x":1}}'))`, `"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsIngiOjF9.eyJuYmYiOjE2OTk5OTk5OTUsImV4cCI6MTcwMDAwMzYwMCwiYXVkIjoiYSJ9.gpCfvfmDSuVS0ct-c3IL5Q4WAVI9OxiACJzYrKrtqxM"`},
		{`cryptoSign('RSA-SHA256', 'd', 'nokey')`, `! The key is not a private key in PEM form.`},
		{`cryptoSign('nope', 'd', 'nokey')`, `! 'nope' is not a valid algorithm.`},
		{`generateJwtWithKeyId(parseJSON('{}'), 'k', 'HS256', 'HS1')`, `! 'HS1' is not a valid algorithm.`},
	})
}
