package agent

import (
	"encoding/json"
	"strings"
	"testing"

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
