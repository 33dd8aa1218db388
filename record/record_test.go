package record_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
)

func TestIDsSortByTimeAndTellTheirKind(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 100 {
		id := record.NewID("run", start.Add(time.Duration(i)*time.Millisecond))
		if record.Kind(id) != "run" {
			t.Errorf("Kind(%q) is %q", id, record.Kind(id))
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) {
		t.Errorf("not in order of time: %q", ids)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 100 {
		t.Error("an id came twice")
	}
	for _, text := range []string{"", "run", "run_", "run_0", "run_" + ids[0][4:29], "run_" + ids[0][4:] + "0", "run_!" + ids[0][5:]} {
		if kind := record.Kind(text); kind != "" {
			t.Errorf("Kind(%q) is %q", text, kind)
		}
	}
}

func TestEachRoleMayDoWhatTheNextOneMay(t *testing.T) {
	t.Parallel()
	roles := []record.Role{record.Owner, record.Developer, record.Operator, record.Viewer, "stranger"}
	for i, role := range roles[1:] {
		more, less := roles[i].Scopes(), role.Scopes()
		for _, scope := range less {
			if !slices.Contains(more, scope) {
				t.Errorf("%s may %s and %s may not", role, scope, roles[i])
			}
		}
		if len(less) >= len(more) {
			t.Errorf("%s may no less than %s", role, roles[i])
		}
	}
	if got := record.Owner.Scopes(); !slices.Equal(got, record.Scopes) {
		t.Errorf("an owner may %v", got)
	}
}
