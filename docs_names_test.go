package heartsay_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the root of the repository, where these tests run.
const root = "."

// readFile returns a file of the repository.
func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rooms are the folders of the repository whose files documents name.
const rooms = "agent|api|bench|cmd|deploy|gossip|membership|phi|sim|testdata"

// mentions finds in a document what has to exist.
var mentions = struct{ link, target, command, test, file *regexp.Regexp }{
	link:    regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`),
	target:  regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)"),
	command: regexp.MustCompile("go test (\\./[\\w/]+)([^`\n]*)"),
	test:    regexp.MustCompile("`(Test\\w+)`"),
	// in code, or in a list in italics
	file: regexp.MustCompile("`((?:" + rooms + ")/[\\w/.*-]+)`|[*\\s]((?:" + rooms + ")/[\\w/.-]*\\w)[*,]"),
}

// documents returns the README and all documents below docs, by path from the root of the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"README.md": readFile(t, "README.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		name, err := filepath.Rel(root, path)
		all[name] = readFile(t, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d documents were found", len(all))
	}
	return all
}

// TestDocsNameWhatIsThere checks each relative link, make target, test, command that runs tests, and file of code that a
// document names.
func TestDocsNameWhatIsThere(t *testing.T) {
	makefile := readFile(t, "Makefile")
	tests := map[string]map[string]bool{}
	anywhere := map[string]bool{}
	for _, dir := range packages(t) {
		tests["./"+dir] = testsOf(t, dir)
		for name := range tests["./"+dir] {
			anywhere[name] = true
		}
	}
	there := func(path string) bool {
		found, err := filepath.Glob(filepath.Join(root, path))
		return err == nil && len(found) > 0
	}
	for document, text := range documents(t) {
		for _, m := range mentions.link.FindAllStringSubmatch(text, -1) {
			if !there(filepath.Join(filepath.Dir(document), m[1])) {
				t.Errorf("%s links to %s, which does not exist", document, m[1])
			}
		}
		for _, m := range mentions.target.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s says make %s, which the Makefile does not have", document, m[1])
			}
		}
		for _, m := range mentions.test.FindAllStringSubmatch(text, -1) {
			if !anywhere[m[1]] {
				t.Errorf("%s names the test %s, which does not exist", document, m[1])
			}
		}
		for _, m := range mentions.command.FindAllStringSubmatch(text, -1) {
			if of, ok := tests[m[1]]; !ok {
				t.Errorf("%s says %s, which is no package", document, m[0])
			} else if !runsATest(of, m[2]) {
				t.Errorf("%s says %s, which runs no test", document, m[0])
			}
		}
		for _, m := range mentions.file.FindAllStringSubmatch(text, -1) {
			if path := m[1] + m[2]; !there(path) {
				t.Errorf("%s names %s, which does not exist", document, path)
			}
		}
	}
}

// runsATest reports whether the flags of a go test command choose at least one of a package's tests and benchmarks, and each
// flag at least one.
func runsATest(of map[string]bool, flags string) bool {
	ran := false
	for _, m := range regexp.MustCompile(`-(run|bench) '?([^ ']+)`).FindAllStringSubmatch(flags, -1) {
		if strings.EqualFold(m[2], "x") { // the usual way to run no test beside benchmarks
			continue
		}
		pattern, err := regexp.Compile(m[2])
		if err != nil {
			return false
		}
		chosen := false
		for name := range of {
			if strings.HasPrefix(name, "Benchmark") == (m[1] == "bench") && pattern.MatchString(name) {
				chosen = true
			}
		}
		if !chosen {
			return false
		}
		ran = true
	}
	return ran
}
