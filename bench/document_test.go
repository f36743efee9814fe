package bench

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentsAreWrittenFromWhatWasMeasured writes them into a folder of its own. What they say is compared by nobody.
func TestDocumentsAreWrittenFromWhatWasMeasured(t *testing.T) {
	folder := t.TempDir()
	if err := WriteDocuments("results/benchmarks.json", folder); err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string][]string{
		"benchmarks.md":            {"# heartsay and memberlist", "| heartsay lan |", "| memberlist LAN |", "heartsay agent --interval"},
		"benchmarks-detection.svg": {"<svg ", "</svg>"}, "benchmarks-blocked.svg": {"<svg ", "</svg>"},
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s does not contain %q", name, w)
			}
		}
	}
}

func TestDocumentsNeedResultsThatCanBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	if err := os.WriteFile(file, []byte("["), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteDocuments(file, t.TempDir()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("the error is %v, want it to name %s", err, file)
	}
}

// TestMeasureKeepsItsRows runs the smallest scenario, and then another one that starts from rows which are not there.
func TestMeasureKeepsItsRows(t *testing.T) {
	if testing.Short() {
		t.Skip("17 members live for ten minutes")
	}
	o := Options{
		Bubble: inTest(t), Scenarios: []string{"joins"}, Only: regexp.MustCompile("heartsay"), Seeds: 1, Parallel: 2, Commit: "abc",
		Results: filepath.Join(t.TempDir(), "results.json"), Log: t.Logf,
	}
	for range 2 { // the second time replaces the rows
		if err := Measure(o); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := loadResults(o.Results)
	if err != nil {
		t.Fatal(err)
	}
	rows := kept.find("joins", 0, "")
	if len(rows) != 1 || rows[0].Commit != "abc" || rows[0].value("known_p50") <= 0 {
		t.Errorf("the rows kept are %+v, want one of heartsay", rows)
	}
	for scenario, want := range map[string]string{"align": "starts from the rows of sweep", "plague": "there is no scenario"} {
		o.Scenarios = []string{scenario}
		if err := Measure(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error of scenario %s is %v, want %q", scenario, err, want)
		}
	}
}
