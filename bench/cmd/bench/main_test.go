package main

import (
	"os"
	"strings"
	"testing"
)

func TestDocumentsAreWrittenFromTheRecordedResults(t *testing.T) {
	folder := t.TempDir()
	if err := documents([]string{"-results", "../../results", "-docs", folder}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, f := range written {
		there[f.Name()] = true
		if _, err := os.Stat("../../../docs/measured/" + f.Name()); err != nil {
			t.Errorf("%s is written, but not kept: %v", f.Name(), err)
		}
	}
	for _, name := range []string{"benchmarks.md", "detectors.md", "phi-settled.md", "phi-young.md"} {
		if !there[name] {
			t.Errorf("%s is not written", name)
		}
	}
}

func TestWrongFlagsAreRefusedBeforeAnythingIsMeasured(t *testing.T) {
	for _, words := range [][]string{{"-parallel", "0"}, {"-only", "("}} {
		if err := scenarios(words); err == nil || !strings.Contains(err.Error(), words[0]) {
			t.Errorf("%v: the error is %v, want it to name the flag", words, err)
		}
	}
	if err := calibrate([]string{"-only", "("}); err == nil || !strings.Contains(err.Error(), "-only") {
		t.Errorf("calibrate: the error is %v, want it to name the flag", err)
	}
}
