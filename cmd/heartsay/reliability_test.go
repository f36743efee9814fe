package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testCommand = regexp.MustCompile("`go test (\\./[a-z/]+) -run (\\w+)`")
	testFunc    = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
)

// testsOf returns the names of the tests of a package.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			names[m[1]] = true
		}
	}
	return names
}

// TestReliabilityNamesTestsThatExist checks that each command of the fault matrix runs a test that is there, and that each
// test of the matrix has its row.
func TestReliabilityNamesTestsThatExist(t *testing.T) {
	document := readFile(t, "docs/reliability.md")
	commands := testCommand.FindAllStringSubmatch(document, -1)
	if len(commands) < 30 || len(commands) != strings.Count(document, "`go test") {
		t.Errorf("of %d commands in docs/reliability.md %d are understood", strings.Count(document, "`go test"), len(commands))
	}
	named := map[string]bool{}
	for _, c := range commands {
		named[c[2]] = true
		if !testsOf(t, c[1])[c[2]] {
			t.Errorf("docs/reliability.md says %s, which runs no test", c[0])
		}
	}
	for name := range testsOf(t, "cmd/heartsay") {
		if strings.HasPrefix(name, "TestMatrix") && !named[name] {
			t.Errorf("%s has no row in docs/reliability.md", name)
		}
	}
}
