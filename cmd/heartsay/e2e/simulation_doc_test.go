package e2e

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var writeDocs = flag.Bool("write", false, "write into the documents what is so now, in place of comparing")

// TestTheSimulationsTranscripts runs the commands of docs/simulation.md whose output is shown below them. Each must succeed and
// print the same table as is shown, whatever its figures; -write puts in what is printed now.
func TestTheSimulationsTranscripts(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("simulates for a minute with the race detector; sim has tests of its own for that")
	}
	const document = "docs/simulation.md"
	text := readFile(t, document)
	shown := regexp.MustCompile("(?s)```sh\n(heartsay [^\n]*)\n```\n\n```\n(.*?)```\n")
	transcripts := shown.FindAllStringSubmatch(text, -1)
	if len(transcripts) < 2 {
		t.Fatalf("%s shows %d commands with what they print", document, len(transcripts))
	}
	for _, m := range transcripts {
		words := strings.Fields(m[1])
		out, err := exec.Command(words[0], words[1:]...).Output()
		switch {
		case err != nil:
			t.Errorf("%s: %v", m[1], err)
		case *writeDocs:
			text = strings.Replace(text, m[2], string(out), 1)
		case shapeOf(string(out)) != shapeOf(m[2]):
			t.Errorf("%s prints\n%sbut %s shows\n%s", m[1], out, document, m[2])
		}
	}
	if *writeDocs {
		if err := os.WriteFile(filepath.Join(root, document), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shapeOf returns what a table shows beside its figures: the head, and the first word of each row, its digits left out.
func shapeOf(table string) string {
	head, rows, _ := strings.Cut(table, "\n")
	shape := strings.Join(strings.Fields(head), " ")
	for row := range strings.Lines(rows) {
		first := ""
		if words := strings.Fields(strings.TrimPrefix(row, "*")); len(words) > 0 {
			first = regexp.MustCompile(`[0-9.]+(ms|s)?`).ReplaceAllString(words[0], "N")
		}
		shape += "\n" + first
	}
	return shape
}
