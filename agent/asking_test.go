package agent

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

// wantRefusal fails the test unless the answer is an api.Error with this status, code and words.
func wantRefusal(t *testing.T, what string, status int, body string, wantStatus int, wantCode, wantWords string) {
	t.Helper()
	var e api.Error
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Errorf("%s is answered with %d %q, want an error in JSON", what, status, body)
	}
	if status != wantStatus || e.Code != wantCode || !strings.Contains(e.Message, wantWords) {
		t.Errorf("%s is answered with %d %s %q, want %d %s with %q",
			what, status, e.Code, e.Message, wantStatus, wantCode, wantWords)
	}
}

// awaitThat waits for what other goroutines do.
func awaitThat(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
	}
}
