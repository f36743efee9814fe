package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestJSONIsSafeToLookAtAndReadsTheSame(t *testing.T) {
	in := map[string]string{"<tag>&": "\x1b[31m \u202e \u0085 \x7f \U000e0041 \\u0041 größe"}
	var b bytes.Buffer
	if err := WriteJSON(&b, in, true); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(b.String(), "\n", "")
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("the JSON %q does not print as itself", text)
	}
	if !strings.Contains(text, "<tag>&") || !strings.Contains(text, "größe") {
		t.Errorf("the JSON %q escapes what prints as itself", text)
	}
	var out map[string]string
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || out["<tag>&"] != in["<tag>&"] {
		t.Errorf("the JSON reads back as %q, %v, want %q", out, err, in)
	}
}
