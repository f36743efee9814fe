package detectors

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentsAreWrittenFromWhatWasMeasured writes them into a folder of its own. What they say is compared by nobody.
func TestDocumentsAreWrittenFromWhatWasMeasured(t *testing.T) {
	folder := t.TempDir()
	if err := WriteDocuments("../results/detectors.json", "../results/calibration.json", folder); err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string][]string{
		"detectors.md":   append([]string{"# Detectors compared"}, detectorNames...),
		"detectors.svg":  {"<svg ", "</svg>"},
		"phi-settled.md": {"# What Φ is worth", "| 1000 | 30 % | 3 | 256 |"},
		"phi-young.md":   {"# What Φ is worth", "| 100 to 200 |"},
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
	if err := WriteDocuments(folder+"/none.json", "../results/calibration.json", folder); err == nil {
		t.Error("a file of results that is missing is no error")
	}
}

// TestRecordingIsTheSameFromAFile records a small cluster, and reads it again.
func TestRecordingIsTheSameFromAFile(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates a cluster for hours of virtual time")
	}
	dir, c := t.TempDir(), cell{Members: 4, Loss: 0.1, Fanout: 1, Budget: 256, Seed: 1}
	first, err := c.recorded(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.recorded(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.judge(first), c.judge(again)
	if len(a) != 1 || a[0] != b[0] || a[0].Waits == 0 {
		t.Errorf("a recording is judged %+v, and from its file %+v", a, b)
	}
	if share := a[0].share(0); share < 1./3 || share > 3 {
		t.Errorf("Φ 1 is passed by %.2f times as many waits as it says", share)
	}
}

// TestDetectorsAreMorePatientWithALargerParameter weighs all detectors on a short stream.
func TestDetectorsAreMorePatientWithALargerParameter(t *testing.T) {
	var beats heardBeats
	for h := 1; h <= 400; h++ {
		beats = append(beats, struct {
			at   float64
			beat int
		}{float64(h) + 0.1*float64(h%7), h})
	}
	all := compareOn("steady", 1, []heardBeats{beats}, 100)
	for _, name := range detectorNames {
		q := all.Quality[name]
		if len(q) != len(parameters[name]) || !(q[0].Detection < q[len(q)-1].Detection) || q[len(q)-1].MistakeRate > 0 {
			t.Errorf("%s: %+v, want detection to rise with the parameter, and no mistake at the last", name, q)
		}
	}
}
