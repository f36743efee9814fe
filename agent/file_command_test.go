package agent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestACommandTellsHowItFailedAndIsKilledWithItsChildren(t *testing.T) {
	ctx := context.Background()
	out := filepath.Join(t.TempDir(), "out")
	if err := runCommand(ctx, `printf %s "$HEARTSAY_FILE" >`+out, "HEARTSAY_FILE=/x y"); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(out); string(b) != "/x y" {
		t.Errorf("the command saw HEARTSAY_FILE=%q", b)
	}
	err := runCommand(ctx, "echo no such pool >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "exit status 3: no such pool") {
		t.Errorf("a failed command is told as %v", err)
	}
	if err := runCommand(ctx, "yes | head -c 100000; exit 1"); err == nil || len(err.Error()) > 2*commandWords {
		t.Errorf("a command that writes much is told in %d bytes", len(err.Error()))
	}
	ended, cancel := context.WithCancel(ctx)
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := runCommand(ended, "sleep 1000 & wait"); err == nil {
		t.Error("a command that was killed is told as done")
	}
}
