package conformance

import "github.com/cleat-run/cleat/value"

func isConnections(file value.Value) bool {
	return has(file, []string{"cases"}, []string{"public_url"})
}

func connectionCases(file value.Value, _ []byte) ([]vector, error) {
	return each(file.Member("cases"), func(c value.Value) vector {
		return vector{id: c.Member("id").Str(), group: c.Member("connection").Member("type").Str()}
	}), nil
}
