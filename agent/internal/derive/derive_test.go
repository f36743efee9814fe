package derive

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// TestKey holds what a key is known by: members that differ in it do not understand each other.
func TestKey(t *testing.T) {
	key := bytes.Repeat([]byte("0123456789abcdef"), 2)
	k, err := New(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Bytes("packet test", 8)
	if got := hex.EncodeToString(b); err != nil || k.ID != wantID || got != wantBytes {
		t.Errorf("the key is %08x and gives %s, %v: want %08x and %s", k.ID, got, err, uint32(wantID), wantBytes)
	}
	for says, bad := range map[string][]byte{"31 bytes": key[1:], "the same": bytes.Repeat([]byte{7}, Size)} {
		if _, err := New(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("a bad key gives %v, want an error that says %q", err, says)
		}
	}
}

const (
	wantID    = 0x9dbb0299
	wantBytes = "dfad5e85355e543e"
)
