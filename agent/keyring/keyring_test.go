package keyring

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var today = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// lettered returns a set of keys made of letters: "ab" has two, of which a seals.
func lettered(letters string) *Keys {
	var keys [][]byte
	for _, l := range letters {
		key := bytes.Repeat([]byte{byte(l)}, keySize)
		key[0]++
		keys = append(keys, key)
	}
	k, err := New(keys, nil)
	if err != nil {
		panic(err)
	}
	return k
}

// idOf returns the id of a key of lettered.
func idOf(letter string) ID { return lettered(letter).Primary() }

func TestKeyFileTellsItsFaultsByLineAndNeverByContent(t *testing.T) {
	good := Generate()
	weak := base64.StdEncoding.EncodeToString(make([]byte, keySize))
	for _, c := range []struct{ rule, content, says string }{
		{"empty", "", "there is no key in it"},
		{"comments only", "# a comment\n\n", "there is no key in it"},
		{"a word", good + "\nsecret-password\n", "line 2 is not a key"},
		{"too short a key", good[:20] + "\n", "line 1 is not a key"},
		{"of zeros", weak, "all its bytes are the same"},
		{"twice the same", good + "\n" + good + "\n", "is there twice"},
		{"retired without a day", good + "\nretired 0000000a\n", "line 2: a retired key is written"},
		{"retired with no id", good + "\nretired x 2026-01-01\n", `line 2: key id "x"`},
		{"too many", strings.Repeat(Generate()+"\n", 1) + manyKeys(maxKeys), "at most 8"},
	} {
		_, err := Parse([]byte(c.content))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want that it says %q", c.rule, err, c.says)
			continue
		}
		for _, line := range strings.Fields(c.content) {
			if len(line) > 8 && line != "2026-01-01" && strings.Contains(err.Error(), line) {
				t.Errorf("%s: the error %q gives away what is in the file", c.rule, err)
			}
		}
	}
}

func manyKeys(n int) string {
	var s strings.Builder
	for range n {
		s.WriteString(Generate() + "\n")
	}
	return s.String()
}

func TestKeySetOutlivesItsFile(t *testing.T) {
	k := lettered("abc")
	k.retired = []Retired{{idOf("z"), today.Truncate(24 * time.Hour)}}
	again, err := Parse(k.File())
	if err != nil || string(again.File()) != string(k.File()) || again.Primary() != idOf("a") || len(again.Retired()) != 1 {
		t.Errorf("written and read again, the keys %v are %+v, %v", k.IDs(), again, err)
	}
}

// FuzzParseKeys reads key files. What is taken must come out as it went in; what is not must not be repeated.
func FuzzParseKeys(f *testing.F) {
	f.Add(lettered("xyz").File())
	f.Add([]byte("# comment\n\n" + Generate() + "\nretired 0000000a 2026-01-01\n"))
	f.Add([]byte("hunter2"))
	f.Add([]byte("retired"))
	f.Add([]byte(strings.Repeat("x", 70_000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(keys.File())
		if err != nil || !bytes.Equal(again.File(), keys.File()) {
			t.Fatalf("keys that were read are not read again: %v", err)
		}
	})
}

func TestKeyFileIsChangedWhollyAndStaysPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heartsay.key")
	if err := os.WriteFile(path, lettered("x").File(), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(path, 0o400)
	if _, err := ChangeFile(path, func(k *Keys) (*Keys, error) { return k.Add(lettered("y")) }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("the changed file has mode %v, %v: want what it had", info.Mode(), err)
	}
	before, _ := os.ReadFile(path)
	if _, err := ChangeFile(path, func(k *Keys) (*Keys, error) { return k.Remove(k.Primary(), today) }); err == nil {
		t.Error("the key that seals was removed")
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("a change that failed changed the file")
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(names) != 1 {
		t.Errorf("files are left behind: %v", names)
	}
	link := filepath.Join(t.TempDir(), "link")
	os.Symlink(path, link)
	if _, err := ChangeFile(link, func(k *Keys) (*Keys, error) { return k, nil }); err == nil {
		t.Error("a key file was changed through a link")
	}
}

func TestKeysDeriveOtherBytesForEachKeyAndUse(t *testing.T) {
	k := lettered("ab")
	ids := k.KeyIDs()
	if len(ids) != 2 || ID(ids[0]) != k.Primary() || ID(ids[1]) != idOf("b") {
		t.Errorf("the ids of the keys are %v, want the one that seals first", ids)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		for _, info := range []string{"", "one", "two"} {
			b, err := k.Derive(id, info, 32)
			if err != nil || len(b) != 32 || seen[string(b)] {
				t.Errorf("key %s, use %q: %d bytes, %v: want 32 of their own", ID(id), info, len(b), err)
			}
			seen[string(b)] = true
		}
	}
	if b, err := k.Derive(uint32(idOf("z")), "one", 32); err == nil || b != nil {
		t.Errorf("a key that is not there gives %d bytes, %v", len(b), err)
	}
}

func TestKeysRememberWhichWereRemovedAndWhen(t *testing.T) {
	k, err := lettered("ab").Remove(idOf("b"), today)
	if err != nil {
		t.Fatal(err)
	}
	if day, ok := k.RemovedOn(uint32(idOf("b"))); !ok || !day.Equal(today) {
		t.Errorf("the removed key was removed on %v, %v", day, ok)
	}
	if _, ok := k.RemovedOn(uint32(idOf("a"))); ok {
		t.Error("a key that is there was removed")
	}
	if k, err = k.Add(lettered("b")); err != nil {
		t.Fatal(err)
	}
	if _, ok := k.RemovedOn(uint32(idOf("b"))); ok {
		t.Error("a key that came back is remembered as removed")
	}
}
