package form

import "github.com/cleat-run/cleat/value"

// The objects of the platform: numbers or names, shown as plain inputs elsewhere.
var (
	udtType         = platformType("udt", "A data structure of the platform.", "number", "api://data-structures")
	accountType     = platformType("account", "A connection of the platform.", "number", "api://connections")
	hookType        = platformType("hook", "A webhook of the platform.", "number", "api://hooks")
	keychainType    = platformType("keychain", "A key of the platform.", "number", "api://keys")
	deviceType      = platformType("device", "A device of the platform.", "number", "api://devices")
	datastoreType   = platformType("datastore", "A data store of the platform.", "number", "api://data-stores")
	aiagentType     = platformType("aiagent", "An AI agent of the platform.", "string", "api://ai-agents/v1/agents")
	scenarioType    = platformType("scenario", "A scenario of the platform.", "string", "api://scenario-list")
	uploadType      = Type{Name: "upload", Summary: "Files of the platform.", Stored: "array", empty: emptyList}
	filestorageType = Type{Name: "filestorage", Summary: "Files of the platform.", Stored: "array", Keys: "spec", compile: compileArray, check: checkArray, empty: emptyList,
		forman: formanFiles, tool: toolFiles}
)

func platformType(name, summary, stored, remote string) Type {
	t := Type{Name: name, Summary: summary, Stored: stored, Remote: remote, Keys: selectKeys, compile: compilePlatform, check: checkSelect,
		convert: toNumber, empty: emptyPlain, forman: formanSelect, tool: toolPlatform}
	if stored == "string" {
		t.convert = toText
	}
	return t
}

func compilePlatform(c *compiler, f *Field) {
	c.optionsOf(f)
	f.dynamic = true
}

func toolPlatform(_ *toolExport, _ *Field, _ *schema) {}

func formanFiles(_ *formanExport, f *Field, s *schema, _ []string) {
	s.set("items", value.FromCollection(typed("string")))
	s.limits(f)
}

func toolFiles(_ *toolExport, f *Field, s *schema) {
	s.set("items", value.FromCollection(typed("string")))
	s.limits(f)
}
