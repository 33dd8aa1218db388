//go:build linux

package kill_test

import "strings"

// appFiles are an app with a webhook, a trigger that asks a service for items, and the
// same and an action with a connection of OAuth 2.0 at a provider.
func appFiles(service, provider string) map[string]string {
	files := map[string]string{
		"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": "common.json", "readme": "README.md", "groups": "groups.json"},
			"components": {"rpc": {}, "function": {}, "endpoint": {},
				"connection": {"account": {"label": "Account", "connectionType": "oauth", "codeFiles": {"communication": "account.json", "params": "account.params.json"}}},
				"webhook": {"inbox": {"label": "Inbox", "webhookType": "web", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "inbox.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
				"module": {
					"watch": {"label": "Watch", "moduleType": "trigger", "connection": null, "altConnection": null,
						"codeFiles": {"communication": "watch.json", "epoch": null, "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}},
					"watchMine": {"label": "Watch mine", "moduleType": "trigger", "connection": "account", "altConnection": null,
						"codeFiles": {"communication": "mine.json", "epoch": null, "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}},
					"whoAmI": {"label": "Who am I", "moduleType": "action", "connection": "account", "altConnection": null,
						"codeFiles": {"communication": "me.json", "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}}}},
			"origins": []}`,
		"base.json": "{}", "common.json": "{}", "README.md": "# kill\n", "groups.json": "[]",
		"inbox.json": `{"output": "{{body}}"}`,
		"watch.json": `{"url": "SERVICE/", "response": {"iterate": "{{body}}", "output": "{{item}}", "limit": 10000,
			"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`,
		"mine.json": `{"url": "PROVIDER/items", "headers": {"authorization": "Bearer {{connection.accessToken}}"},
			"response": {"iterate": "{{body}}", "output": "{{item}}", "limit": 10000, "trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`,
		"me.json":             `{"url": "PROVIDER/me", "headers": {"authorization": "Bearer {{connection.accessToken}}"}, "response": {"output": "{{body}}"}}`,
		"account.params.json": `[{"name": "account", "type": "text", "label": "Account", "required": true}]`,
		"account.json": `{
			"authorize": {"url": "PROVIDER/authorize", "qs": {"account": "{{ifempty(parameters.account, data.account)}}", "client_id": "kill",
				"redirect_uri": "{{oauth.localRedirectUri}}", "response_type": "code"}, "response": {"temp": {"code": "{{query.code}}"}}},
			"token": {"condition": "{{temp.code}}", "url": "PROVIDER/token", "method": "POST", "type": "urlencoded",
				"body": {"grant_type": "authorization_code", "code": "{{temp.code}}", "client_id": "kill"}, "response": {"data": TOKENS}},
			"refresh": {"condition": "{{data.expires < addSeconds(now, 1)}}", "url": "PROVIDER/token", "method": "POST", "type": "urlencoded",
				"body": {"grant_type": "refresh_token", "refresh_token": "{{data.refreshToken}}", "client_id": "kill"}, "response": {"data": TOKENS}},
			"info": {"url": "PROVIDER/me", "headers": {"authorization": "Bearer {{connection.accessToken}}"}, "response": {"uid": "{{body.id}}"}}}`,
	}
	fill := strings.NewReplacer("SERVICE", service, "PROVIDER", provider, "TOKENS",
		`{"accessToken": "{{body.access_token}}", "refreshToken": "{{body.refresh_token}}", "expires": "{{addSeconds(now, body.expires_in)}}"}`)
	for name, text := range files {
		files[name] = fill.Replace(text)
	}
	return files
}
