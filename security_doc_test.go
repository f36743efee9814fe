package heartsay_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTheTableOfHostileInputIsComplete checks that each kind of input has a row of counters that there are and of
// tests that there are, and that each test of a hostile input is named.
func TestTheTableOfHostileInputIsComplete(t *testing.T) {
	const path = "docs/security.md"
	document := readFile(t, path)
	promises, _, _ := strings.Cut(document, "## Measured")
	testsNamedIn(t, path, promises, 40)
	_, table, found := strings.Cut(document, "<!-- hostile -->")
	table, _, closed := strings.Cut(table, "<!-- /hostile -->")
	if !found || !closed {
		t.Fatalf("%s has no table of hostile input", path)
	}
	named := testsNamedIn(t, path, table, 40)
	for _, dir := range packages(t) {
		for name := range testsOf(t, dir) {
			if regexp.MustCompile(`^TestHostile\d`).MatchString(name) && !named[name] {
				t.Errorf("%s has no row in %s", name, path)
			}
		}
	}
	var sources strings.Builder
	for _, dir := range packages(t) {
		sources.WriteString(sourcesOf(t, dir))
	}
	last, rows := 0, map[int]bool{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) < 7 || strings.Contains(row, "---") || strings.Contains(row, "what comes") {
			continue
		}
		if text := strings.TrimSpace(cells[1]); text != "" {
			number, err := strconv.Atoi(text)
			if err != nil || number <= last {
				t.Errorf("row %s follows row %d", text, last)
			}
			last, rows[number] = number, true
		}
		counters := regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(cells[4], -1)
		if len(counters) == 0 || !strings.Contains(cells[5], "go test") {
			t.Errorf("this row has no counter or no test: %s", row)
		}
		for _, c := range counters {
			_, reason, _ := strings.Cut(c[1], "_")
			if all := sources.String(); !strings.Contains(all, `"`+c[1]+`"`) && !strings.Contains(all, `"`+reason+`"`) {
				t.Errorf("%s names the counter %s, which nothing counts", path, c[1])
			}
		}
	}
	for _, number := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20} {
		if !rows[number] {
			t.Errorf("the table has no row for input %d", number)
		}
	}
}

// TestTheDocumentNamesEveryFuzzTarget checks the list in docs/security.md.
func TestTheDocumentNamesEveryFuzzTarget(t *testing.T) {
	there, named := map[string]bool{}, map[string]bool{}
	for _, dir := range packages(t) {
		files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text := readFile(t, strings.TrimPrefix(file, root+"/"))
			for _, m := range regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\) \{`).FindAllStringSubmatch(text, -1) {
				there[m[1]] = true
				if _, body, _ := strings.Cut(text, m[0]); !strings.Contains(body, "f.Add(") {
					t.Errorf("%s has no corpus to begin with", m[1])
				}
			}
		}
	}
	for _, m := range regexp.MustCompile("`(Fuzz\\w+)`").FindAllStringSubmatch(readFile(t, "docs/security.md"), -1) {
		named[m[1]] = true
	}
	if !maps.Equal(there, named) {
		t.Errorf("docs/security.md names\n%v, and there are\n%v", slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(there)))
	}
}

// sourcesOf returns the source of a package, without its tests.
func sourcesOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// TestTheThreatModelIsShownRowByRow checks that each claim of the threat model has a command, and that each test of what a
// holder of the key can do is one of them.
func TestTheThreatModelIsShownRowByRow(t *testing.T) {
	_, model, _ := strings.Cut(readFile(t, "docs/security.md"), "## Threat model")
	model, _, _ = strings.Cut(model, "\n## ")
	rows := 0
	for row := range strings.Lines(model) {
		if !strings.HasPrefix(row, "| ") || strings.Contains(row, "the command that shows it") || strings.Contains(row, "root | everything") {
			continue
		}
		rows++
		if !strings.Contains(row, "`go test ./") {
			t.Errorf("no command shows this row: %s", row)
		}
	}
	if rows < 20 {
		t.Errorf("the threat model has %d rows, want 20 at least", rows)
	}
	for _, dir := range packages(t) {
		for name := range testsOf(t, dir) {
			if strings.HasPrefix(name, "TestAKeyHolder") && !strings.Contains(model, name) {
				t.Errorf("%s shows no row of the threat model", name)
			}
		}
	}
}
