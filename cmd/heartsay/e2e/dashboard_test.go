package e2e

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is the part of Grafana's JSON that can be checked without Grafana.
type dashboard struct {
	Title, UID string
	Panels     []struct {
		ID                       int
		Type, Title, Description string
		GridPos                  struct{ X, Y, W, H int }
		Targets                  []struct {
			RefID, Expr string
			Datasource  struct{ UID string }
		}
	}
	Templating struct{ List []struct{ Name string } }
}

func TestTheDashboardShowsMetricsThatExist(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal([]byte(readFile(t, "deploy/grafana/heartsay.json")), &d); err != nil {
		t.Fatal(err)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the number %d", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q does not fit beside %q, or on the page", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q has no title, no description or no target", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			if target.Datasource.UID != "${datasource}" || !strings.Contains(target.Expr, `job="$job"`) {
				t.Errorf("panel %q does not keep to the variables: %s", p.Title, target.Expr)
			}
			if !strings.Contains(target.Expr, "process_") {
				checkNames(t, "panel "+p.Title, target.Expr)
			}
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(heartsay_[a-z_]+)`").FindAllStringSubmatch(readFile(t, "docs/metrics.md"), -1) {
		shown := strings.Contains(readFile(t, "deploy/grafana/heartsay.json"), m[1])
		if rare := []string{"heartsay_view_age_seconds", "heartsay_state_write_failures_total"}; !shown && !slices.Contains(rare, m[1]) {
			t.Errorf("the dashboard does not show %s", m[1])
		}
	}
}

// expressions returns those of the dashboard, with its variables filled in.
func (d dashboard) expressions() (all []string) {
	fill := strings.NewReplacer("$job", "heartsay", "$instance", ".*", "$__rate_interval", "10s")
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all = append(all, fill.Replace(target.Expr))
		}
	}
	return all
}
