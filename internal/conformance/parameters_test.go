package conformance

import "github.com/cleat-run/cleat/value"

func isParameters(file value.Value) bool {
	return has(file, []string{"cases"}, []string{"jsonSchema"})
}

func parameterCases(file value.Value, _ []byte) ([]vector, error) {
	validation := each(file.Member("cases"), func(c value.Value) vector {
		return vector{id: c.Member("id").Str(), group: c.Member("mode").Str()}
	})
	schema := each(file.Member("jsonSchema"), func(c value.Value) vector {
		return vector{id: c.Member("id").Str(), group: "jsonSchema"}
	})
	return append(validation, schema...), nil
}
