package handlers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/api"
)

func TestParseProgramTakesTypesAProgramAndItsArguments(t *testing.T) {
	for _, c := range []struct {
		text  string
		types string
		words []string
	}{
		{"dead=/bin/true", "dead", []string{"/bin/true"}},
		{"dead, left=/bin/true a  b", "dead,left", []string{"/bin/true", "a", "b"}},
		{`reset=/bin/true 'one argument' "it's" x=y '' $HOME *`, "reset",
			[]string{"/bin/true", "one argument", "it's", "x=y", "", "$HOME", "*"}},
		{"*=/bin/true", typeList(api.DefaultEventTypes()), []string{"/bin/true"}},
	} {
		h, err := ParseProgram(c.text)
		if err != nil || typeList(h.Types) != c.types || !slices.Equal(h.Command, c.words) {
			t.Errorf("ParseProgram(%q) is %v %q, %v, want %s %q", c.text, h.Types, h.Command, err, c.types, c.words)
		}
	}
}

func TestParseProgramSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "write dead,left=/path/to/program",
		"/bin/true":            "write dead,left=/path/to/program",
		"/bin/a=b":             "write dead,left=/path/to/program",
		"murder=/bin/true":     `event type "murder" is not known: choose of join alive`,
		"dead,dead=/bin/true":  "named twice",
		"dead=":                "no program is named",
		"dead=true":            "not an absolute path",
		"dead=/no/such/thing":  "/no/such/thing cannot be run: no such file or directory",
		"dead=/etc/passwd":     "/etc/passwd cannot be run: permission denied",
		"dead=/":               "is a directory",
		"dead=/bin/true 'open": "a quote ' is opened and not closed",
	} {
		if _, err := ParseProgram(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseProgram(%q) fails with %v, want %q", text, err, want)
		}
	}
}

func TestProgramIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.SampledFrom([]rune("ab '\"=\\\t\n"))) // line feeds are part of words
		h := Program{Types: []api.EventType{"dead"}, Command: append([]string{"/bin/true"}, rapid.SliceOf(word).Draw(t, "args")...)}
		again, err := ParseProgram(h.String())
		if err != nil || !slices.Equal(again.Command, h.Command) {
			t.Fatalf("%q is written %s and read %q, %v", h.Command, h, again.Command, err)
		}
	})
}

func TestParseWebhookSaysWhatIsWrongAndKeepsSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"https://host/":                          "write dead,left=https://host/path",
		"dead=ftp://host/":                       "must begin with https:// or http://",
		"dead=http://":                           "names no host",
		"dead=https://host/#part":                "fragment",
		"dead=https://host:port/":                "malformed",
		"murder=https://u:hunter2@h/?k=hunter2":  "not known",
		"dead=gopher://u:hunter2@h/?key=hunter2": "must begin",
	} {
		_, err := ParseWebhook(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("ParseWebhook(%q) fails with %v, want %q and no password", text, err, want)
		}
	}
	w, err := ParseWebhook("dead,left=https://u:hunter2@host/path?token=hunter2")
	if err != nil || w.URL != "https://u:hunter2@host/path?token=hunter2" {
		t.Errorf("a webhook with a password is %q, %v", w.URL, err)
	}
	if got, want := w.String(), "dead,left=https://***@host/path?***"; got != want {
		t.Errorf("the webhook is shown as %s, want %s", got, want)
	}
}

func TestConfigChecksHandlersTogether(t *testing.T) {
	p := Program{[]api.EventType{api.EventDead}, []string{"/bin/true"}}
	missing := Program{[]api.EventType{api.EventDead}, []string{"/nope"}}
	w := Webhook{[]api.EventType{api.EventDead}, "ftp://host/"}
	c := Config{Programs: []Program{p, p, missing}, Webhooks: []Webhook{w}}
	err := c.Validate()
	for _, want := range []string{"given twice", "/nope", "must begin with", "time-out 0s is too short"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the handlers are refused with %v, which does not say %q", err, want)
		}
	}
	c.Programs, c.Webhooks = make([]Program, 65), nil
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "65 handlers are given: at most 64") {
		t.Errorf("65 handlers are refused with %v", err)
	}
}

func TestWebhookSecretIsPrivateAndLongEnough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for _, c := range []struct {
		content string
		mode    os.FileMode
		want    string // "" when it is taken
	}{
		{"0123456789abcdef\n", 0o600, ""},
		{"0123456789abcdef", 0o644, "others may use it"},
		{"short\n", 0o600, "at least 16 are needed"},
		{strings.Repeat("x", 5000), 0o600, "more than"},
	} {
		os.Remove(path)
		if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		secret, err := ReadWebhookSecret(path)
		switch {
		case c.want == "" && (err != nil || string(secret) != strings.TrimSpace(c.content)):
			t.Errorf("the secret %q is read as %q, %v", c.content, secret, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("the secret %q with mode %o gives %v, want %q", c.content, c.mode, err, c.want)
		}
	}
}

// A reload keeps a handler whose key is the same. "dead,left=/x" and "left=/x dead" had the same one, so a reload from
// one to the other was ignored.
func TestPlansOfHandlersThatDifferHaveKeysThatDiffer(t *testing.T) {
	handlers := []string{"dead,left=/bin/true", "left=/bin/true dead", "dead=/bin/true left", "left,dead=/bin/true",
		"dead=/bin/true 'a b'", "dead=/bin/true a b", "dead=/bin/true"}
	seen := map[string]string{}
	note := func(c Config, what string) {
		plans, err := Prepare(c, Agent{Cluster: "c", Name: "a"})
		if err != nil || len(plans) != 1 {
			t.Fatalf("%s: %d plans, %v", what, len(plans), err)
		}
		if other, twice := seen[plans[0].key]; twice {
			t.Errorf("%s has the key of %s: a reload between them changes nothing", what, other)
		}
		seen[plans[0].key] = what
	}
	for _, text := range handlers {
		var c Config
		if err := programs.Add(&c, text); err != nil {
			t.Fatal(err)
		}
		note(c, text)
		c.Timeout = time.Second
		note(c, text+" with another time-out")
	}
	var c Config
	if err := webhooks.Add(&c, "dead=http://host/"); err != nil {
		t.Fatal(err)
	}
	note(c, "a webhook")
}

// The key of a program was made by append, which wrote the event types into what shares memory with its command.
func TestPlansWriteIntoNoSliceOfTheConfiguration(t *testing.T) {
	words := []string{"/bin/true", "one", "two"}
	c := Config{Programs: []Program{{Types: []api.EventType{api.EventDead}, Command: words[:2]}}}
	if _, err := Prepare(c, Agent{}); err != nil {
		t.Fatal(err)
	}
	if words[2] != "two" {
		t.Errorf("beside the command stands %q now", words[2])
	}
}
