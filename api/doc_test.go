package api

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDependenciesAreTheStandardLibraryAlone keeps the promise of the package's comment.
func TestDependenciesAreTheStandardLibraryAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("list what the package needs: %v", err)
	}
	if got := strings.Fields(string(out)); len(got) != 1 || !strings.HasSuffix(got[0], "/api") && got[0] != "api" {
		t.Errorf("package api needs %s: a program that imports it must get nothing but itself and the standard library",
			strings.Join(got, " "))
	}
}
