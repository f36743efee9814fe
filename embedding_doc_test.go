package heartsay_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestEmbeddingDocumentShowsTheExamples compares the snippets in docs/embedding.md with the bodies of the functions that
// they name, which run as tests.
func TestEmbeddingDocumentShowsTheExamples(t *testing.T) {
	snippet := regexp.MustCompile("(?s)<!-- (\\S+) (\\S+) -->\n```go\n(.*?)```\n")
	all := snippet.FindAllStringSubmatch(readFile(t, "docs/embedding.md"), -1)
	if len(all) < 3 {
		t.Fatalf("docs/embedding.md has %d snippets, want three", len(all))
	}
	for _, s := range all {
		source, name, shown := readFile(t, s[1]), s[2], s[3]
		_, body, found := strings.Cut(source, "\nfunc "+name+"(")
		body, _, ended := strings.Cut(body, "\n}\n")
		if !found || !ended {
			t.Errorf("%s has no function %s", s[1], name)
			continue
		}
		_, body, _ = strings.Cut(body, "{\n")
		body, _, _ = strings.Cut(body, "\n\t// Output:")
		if got := strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:] + "\n"; got != shown {
			t.Errorf("%s of %s reads\n%s\nbut docs/embedding.md shows\n%s", name, s[1], got, shown)
		}
	}
}
