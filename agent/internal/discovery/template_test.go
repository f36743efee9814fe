package discovery

import (
	"strings"
	"testing"

	"heartsay/membership"
)

// rendered returns what a template makes of a view.
func rendered(t *testing.T, text string, views ...membership.View) (string, error) {
	t.Helper()
	parsed, err := parseTemplate(text)
	if err != nil {
		t.Fatalf("template %q: %v", text, err)
	}
	b, err := renderTemplate(parsed, "c", "me", views)
	return string(b), err
}

func TestTemplatesListMembersByStateTagAndPort(t *testing.T) {
	views := shop().Views
	for text, want := range map[string]string{
		`{{.Cluster}} {{.Self}} {{len .Members}}`:                                     "c me 5",
		`{{range .Members.Present}}{{.Name}} {{end}}`:                                 "Web.1 lb w2 ",
		`{{range .Members.In "dead" "left"}}{{.Name}}={{.State}} {{end}}`:             "db=dead old=left ",
		`{{range .Members.Present.Tagged "role" "web"}}{{.Name}} {{.Address}}{{end}}`: "w2 [2001:db8::2]:4328",
		`{{range .Members.WithPort "http"}}{{.HostPort "http"}} {{end}}`:              "10.0.0.1:8080 10.0.0.3:1 [2001:db8::2]:8081 ",
		`{{range .Members.Present.WithPort "http"}}{{.IP}} {{.Port "http"}} {{end}}`:  "10.0.0.1 8080 2001:db8::2 8081 ",
		`{{range .Members}}{{.Tag "role"}}{{.Zone}}{{.Build}};{{end}}`:                "Web;db;;web;web;",
		`{{range .Members.Tagged "v" "2"}}{{json .}}{{end}}`:                          `{"name":"w2","address":"[2001:db8::2]:4328","state":"suspect","zone":"","tags":{"http":"8081","role":"web","v":"2"}}`,
		`{{json (.Members.Tagged "v" "3")}}`:                                          "[]",
	} {
		if got, err := rendered(t, text, views...); err != nil || got != want {
			t.Errorf("%s makes %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestTagCannotBreakOutOfAWord(t *testing.T) {
	for _, value := range []string{"80\n  server evil 6.6.6.6:80", "a b", `a"b`, "a;b", "a#b", "a{b", "a$b", "a\\b", "é", "a`b", "a'b"} {
		v := seen("x", "10.0.0.1:1", membership.Alive, "k", value)
		if got, err := rendered(t, `{{range .Members}}[{{.Tag "k"}}]{{end}}`, v); err != nil || got != "[]" {
			t.Errorf("the tag %q is written as %s, %v, want nothing", value, got, err)
		}
		if got, err := rendered(t, `{{range .Members.WithPort "k"}}{{.Name}}{{end}}`, v); err != nil || got != "" {
			t.Errorf("%q is taken for a port: %s, %v", value, got, err)
		}
		if _, err := rendered(t, `{{range .Members}}{{.Port "k"}}{{end}}`, v); err == nil || !strings.Contains(err.Error(), "WithPort") {
			t.Errorf("%q is written as a port: %v, want an error that names WithPort", value, err)
		}
	}
}

func TestWrongTemplateIsFoundBeforeItIsNeeded(t *testing.T) {
	for _, text := range []string{
		`{{range .Members}`, `{{.Nmae}}`, `{{range .Members.Tagged "a" "b"}}{{.Nmae}}{{end}}`, `{{.Members.In "well"}}`,
		`{{range .Members.WithPort "p"}}{{.Port}}{{end}}`, `{{nosuch}}`,
	} {
		if _, err := parseTemplate(text); err == nil {
			t.Errorf("the template %s is taken", text)
		}
	}
}
