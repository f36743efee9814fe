package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// TestEventsDocumentShowsWhatItsCommandsPrint runs the commands in docs/events.md and compares what they print with what
// the document shows, but for what differs from run to run.
func TestEventsDocumentShowsWhatItsCommandsPrint(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	_, shown, ok := strings.Cut(readFile(t, "docs/events.md"), "<!-- transcript -->\n```console\n")
	shown, _, ok2 := strings.Cut(shown, "```\n<!-- /transcript -->")
	if !ok || !ok2 {
		t.Fatal("docs/events.md has no transcript between its marks")
	}
	dir := clitest.SocketDir(t)
	_, page, _ := strings.Cut(shown, "$ cat page\n")
	page, _, _ = strings.Cut(page, "$ ")
	page = strings.ReplaceAll(page, "/tmp/events", dir)
	if err := os.WriteFile(filepath.Join(dir, "page"), []byte(page), 0o700); err != nil {
		t.Fatal(err)
	}
	out := runTranscript(t, dir, shown)
	if got, want := withoutNumbers(withoutFolder(out, dir)), withoutNumbers(withoutFolder(shown, "/tmp/events")); got != want {
		t.Errorf("the commands print\n%s\nbut docs/events.md shows\n%s", out, shown)
	}
}

// withoutFolder blanks the folder and the epochs.
func withoutFolder(s, dir string) string {
	s = regexp.MustCompile(`[0-9a-f]{20}`).ReplaceAllString(s, "EPOCH")
	return strings.ReplaceAll(s, dir, "DIR")
}

// runTranscript runs the lines of shown that begin with "$ " in one shell, in dir, and returns them and what they print.
func runTranscript(t *testing.T, dir, shown string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().String()
	l.Close()
	var script strings.Builder
	for line := range strings.SplitSeq(shown, "\n") {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			script.WriteString("cat <<'EOT'\n" + line + "\nEOT\n" + strings.ReplaceAll(command, "127.0.0.1:4327", port) + "\n")
		}
	}
	script.WriteString("kill $(jobs -p) 2>/dev/null; wait\n")
	cmd := exec.Command("bash")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(script.String())
	cmd.Env = append(os.Environ(), "HEARTSAY_API=unix://"+dir+"/ann.sock", "HEARTSAY_PROFILE=local", "GORACE=atexit_sleep_ms=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the transcript ended with %v:\n%s", err, out.String())
	}
	return out.String()
}
