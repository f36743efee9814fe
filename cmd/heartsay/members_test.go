package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

// mustAnchored returns re as the filters use it.
func mustAnchored(t *testing.T, re string) *regexp.Regexp {
	t.Helper()
	r, err := anchored("--name", re, re)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// threeMembers is a view with one member in each of three states.
func threeMembers() api.Members {
	return api.Members{Cluster: "c", Self: "ann", Members: []api.Member{
		{Name: "ann", State: "alive", Address: "10.0.0.1:4327", Since: noon.Add(-50 * time.Hour), Incarnation: 1795223264442,
			Heartbeat: 81, Zone: "z1", Build: "v1", Tags: map[string]string{"role": "db", "note": "a,b"}},
		{Name: "bob", State: "dead", Address: "[2001:db8::2]:4327", Phi: 16.12, Silence: 62540 * time.Millisecond, Timeout: 2500 * time.Millisecond,
			SuspectTimeout: 1750 * time.Millisecond, Path: "udp", Since: noon.Add(-61 * time.Second), Tags: map[string]string{"role": "web"}},
		{Name: "eve", State: "left", Address: "10.0.0.3:4327", Since: noon.Add(time.Minute), Timeout: 2500 * time.Millisecond,
			Tags: map[string]string{"x": "\x1b[2J" + strings.Repeat("y", 99)}},
	}}
}

func TestMembersTableShowsStateSuspicionAndTimesOfEach(t *testing.T) {
	want := `
NAME  STATE   PHI  SILENCE  TIMEOUT  ADDRESS             TAGS                                      AGE
ann*  alive   0.0     0.0s        -  10.0.0.1:4327       note=a,b,role=db                           2d
bob   dead   16.1    62.5s     2.5s  [2001:db8::2]:4327  role=web                                   1m
eve   left    0.0     0.0s        -  10.0.0.3:4327       x=\x1b[2Jyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…   0s
`
	var b bytes.Buffer
	if err := writeMembers(&b, threeMembers(), "table", noon); err != nil {
		t.Fatal(err)
	}
	if got := "\n" + b.String(); got != want {
		t.Errorf("the table is%swant%s", got, want)
	}
}

func TestWideMembersTableShowsTheRecordToo(t *testing.T) {
	var b bytes.Buffer
	if err := writeMembers(&b, threeMembers(), "wide", noon); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if got := strings.Fields(lines[0])[8:]; strings.Join(got, " ") != "ZONE INCARNATION HEARTBEAT SUSPECT-AFTER BUILD PATH" {
		t.Errorf("the titles end with %v, want the record's", got)
	}
	for i, want := range []string{"z1 1795223264442 81 - v1 -", "- 0 0 1.8s - udp"} {
		if got := strings.Join(strings.Fields(lines[i+1])[8:], " "); got != want {
			t.Errorf("row %d ends with %q, want %q", i+1, got, want)
		}
	}
	if !strings.Contains(lines[3], strings.Repeat("y", 99)) {
		t.Errorf("row 3 is %q, want it to hold the whole tag", lines[3])
	}
}

func TestMembersInOtherFormats(t *testing.T) {
	for format, want := range map[string]string{"name": "ann\nbob\neve\n", "ndjson": `{"name":"ann",`, "json": "{\n  \"cluster\": \"c\","} {
		var b bytes.Buffer
		if err := writeMembers(&b, threeMembers(), format, noon); err != nil || !strings.HasPrefix(b.String(), want) {
			t.Errorf("as %s the members are %q, %v, want %q first", format, b.String(), err, want)
		}
	}
	var b bytes.Buffer
	empty := memberFilter{states: []api.State{"suspect"}}.apply(threeMembers())
	if err := writeMembers(&b, empty, "json", noon); err != nil || !strings.Contains(b.String(), `"members": []`) {
		t.Errorf("nobody is written as %s, %v, want an empty list", b.String(), err)
	}
}

func TestFiltersMatchWholeNamesAndWholeTags(t *testing.T) {
	for _, c := range []struct {
		states []api.State
		name   string
		tag    string
		want   string
	}{
		{want: "ann bob eve"},
		{states: []api.State{"alive", "left"}, want: "ann eve"},
		{states: []api.State{"suspect"}, want: ""},
		{name: "a|eve", want: "eve"},
		{name: "a.*|bo", want: "ann"},
		{name: ".", want: ""},
		{tag: "role=db|web", want: "ann bob"},
		{tag: "role=d", want: ""},
		{tag: "note=a,b", want: "ann"},
		{tag: "role=.*", want: "ann bob"},
		{tag: "missing=.*", want: ""},
		{states: []api.State{"dead"}, name: "bob", tag: "role=web", want: "bob"},
	} {
		f := memberFilter{states: c.states}
		if c.name != "" {
			f.name = mustAnchored(t, c.name)
		}
		if key, re, ok := strings.Cut(c.tag, "="); ok {
			f.tags = []tagFilter{{key, mustAnchored(t, re)}}
		}
		var names []string
		for _, m := range f.apply(threeMembers()).Members {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("state %v, name %q, tag %q show %q, want %q", c.states, c.name, c.tag, got, c.want)
		}
	}
}

func TestBadExpressionIsNamedWithThePositionOfTheFault(t *testing.T) {
	for _, c := range []struct{ given, re, want string }{
		{"(a", "(a", `--name "(a": bad regular expression at position 1: missing closing )`},
		{"a)(b", "a)(b", "unexpected )"},
		{"k=x**", "x**", "at position 4: invalid nested repetition operator in \"**\""},
		{"ab[z-a]", "ab[z-a]", `at position 4: invalid character class range in "z-a"`},
		{"\\8", "\\8", `position 1: invalid escape sequence`},
		{"\xff", "\xff", "invalid UTF-8"},
	} {
		_, err := anchored("--name", c.given, c.re)
		if err == nil || !strings.Contains(err.Error(), c.want) || cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%q gives %v, want a usage error with %q", c.given, err, c.want)
		}
	}
}

func TestFramesOnATerminalAreDrawnOverEachOther(t *testing.T) {
	var b bytes.Buffer
	s := screen{w: &b, text: true, redraws: true}
	for _, frame := range []string{"a\nb\n", "c\n"} {
		if err := s.show(frame); err != nil {
			t.Fatal(err)
		}
	}
	const first = "\x1b[2J\x1b[H\x1b[?7la\x1b[K\nb\x1b[K\n\x1b[?7h\x1b[J"
	if want := first + "\x1b[H\x1b[?7lc\x1b[K\n\x1b[?7h\x1b[J"; b.String() != want {
		t.Errorf("two frames are drawn as %q, want %q", b.String(), want)
	}
}

func TestFramesElsewhereFollowEachOtherUnlessTheyAreTheSame(t *testing.T) {
	for text, want := range map[bool]string{true: "a\n\nb\n", false: "a\nb\n"} {
		var b bytes.Buffer
		s := screen{w: &b, text: text}
		s.show("a\n")
		s.show("a\n")
		if s.show("b\n"); b.String() != want {
			t.Errorf("frames for people: %v: they are %q, want %q", text, b.String(), want)
		}
	}
}
