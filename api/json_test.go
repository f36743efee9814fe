package api

import (
	"bufio"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// jsonTypes are all types of the API that go over the wire, by name.
var jsonTypes = map[string]any{
	"Members": Members{}, "Member": Member{}, "Event": Event{}, "StreamEnd": StreamEnd{}, "Self": Self{}, "Seed": Seed{},
	"JoinRequest": JoinRequest{}, "JoinResult": JoinResult{}, "JoinAttempt": JoinAttempt{},
	"ForgetRequest": ForgetRequest{}, "ForgetResult": ForgetResult{}, "LeaveResult": LeaveResult{}, "Error": Error{},
	"Keys": Keys{}, "Key": Key{}, "RetiredKey": RetiredKey{}, "KeyUse": KeyUse{}, "Refusal": Refusal{},
	"ProbeRequest": ProbeRequest{}, "ProbeResult": ProbeResult{}, "TagsRequest": TagsRequest{}, "TagsResult": TagsResult{},
	"CloudEvent": CloudEvent{},
}

// TestJSON holds the contract: testdata/json.txt has each type twice, as its zero value and with every field set, as
// programs have come to know it. Decoding a line and encoding it again gives the same bytes.
func TestJSON(t *testing.T) {
	file, err := os.Open("testdata/json.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := map[string]int{}
	unescape := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, line, _ := strings.Cut(lines.Text(), " ")
		zero, known := jsonTypes[name]
		if !known {
			t.Fatalf("testdata/json.txt has a line for %q, which is no type of the API", name)
		}
		value := reflect.New(reflect.TypeOf(zero))
		switch seen[name]++; seen[name] {
		case 1:
		case 2:
			if err := json.Unmarshal([]byte(line), value.Interface()); err != nil {
				t.Errorf("%s does not decode: %v", name, err)
			}
			if unset := zeroFields(value.Elem()); len(unset) > 0 {
				t.Errorf("the line of %s does not set %s", name, strings.Join(unset, ", "))
			}
		}
		for _, v := range []any{value.Interface(), value.Elem().Interface()} {
			if got, err := json.Marshal(v); err != nil || string(got) != line {
				t.Errorf("%T encodes as\n%s, %v\nwant\n%s", v, got, err, line)
			}
			if got, want := encodeForPeople(t, v), unescape.Replace(line); got != want {
				t.Errorf("%T encodes for people as\n%s\nwant\n%s", v, got, want)
			}
		}
	}
	for name := range jsonTypes {
		if seen[name] != 2 {
			t.Errorf("testdata/json.txt has %d lines for %s, want its zero value and one with every field set", seen[name], name)
		}
	}
}

// zeroFields returns the names of the fields of a struct that are not set.
func zeroFields(v reflect.Value) (names []string) {
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return names
}

// encodeForPeople returns v as JSON in which < > & stand for themselves, which is how the command line writes it.
func encodeForPeople(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
