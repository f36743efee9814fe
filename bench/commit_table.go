package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// commitTable says which rows were measured with which heartsay.
func (b *results) commitTable() string {
	of := map[string][]string{}
	for _, r := range b.rows {
		if !strings.HasPrefix(r.System, "heartsay") {
			continue
		}
		what := fmt.Sprintf("%s of %d", r.Scenario, r.Members)
		if !slices.Contains(of[r.Commit], what) {
			of[r.Commit] = append(of[r.Commit], what)
		}
	}
	t := newTable("<commit", "<scenario and members")
	for _, c := range slices.Sorted(maps.Keys(of)) {
		t.add(cmp.Or(c, "not told"), strings.Join(of[c], ", "))
	}
	return t.String()
}
