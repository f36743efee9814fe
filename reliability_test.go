package heartsay_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testCommand = regexp.MustCompile("`go test (\\./[a-z0-9/]+) -run (\\w+)`")
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w+)\(\w+ \*testing\.[TB]\)`)
)

// packages returns the folders of the module that hold Go files, relative to its root.
func packages(t *testing.T) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, ".go"):
			if dir, err := filepath.Rel(root, filepath.Dir(path)); err == nil && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// testsOf returns the names of the tests and benchmarks of a package.
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

// testsNamedIn returns the tests that the commands in a text of a document run, all of which must be there, and at least
// so many.
func testsNamedIn(t *testing.T, path, text string, least int) map[string]bool {
	t.Helper()
	commands := testCommand.FindAllStringSubmatch(text, -1)
	if n := strings.Count(text, "`go test"); len(commands) < least || len(commands) != n {
		t.Errorf("of %d commands in %s %d are understood, want %d or more", n, path, len(commands), least)
	}
	named, there := map[string]bool{}, map[string]map[string]bool{}
	for _, c := range commands {
		if there[c[1]] == nil {
			there[c[1]] = testsOf(t, c[1])
		}
		if named[c[2]] = true; !there[c[1]][c[2]] {
			t.Errorf("%s says %s, which runs no test", path, c[0])
		}
	}
	return named
}

// TestReliabilityNamesTestsThatExist checks that each command of the fault matrix runs a test that is there, and that each
// test of the matrix has its row.
func TestReliabilityNamesTestsThatExist(t *testing.T) {
	named := testsNamedIn(t, "docs/reliability.md", readFile(t, "docs/reliability.md"), 30)
	for name := range testsOf(t, "cmd/heartsay/e2e") {
		if strings.HasPrefix(name, "TestMatrix") && !named[name] {
			t.Errorf("%s has no row in docs/reliability.md", name)
		}
	}
}
