package discovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/template"

	"heartsay/api"
	"heartsay/membership"
)

// What a template of --template sees. Tags are what members say of themselves; a template makes them part of another
// program's configuration. So it gets them in forms that cannot break out of a word: a port, or a word without blanks,
// quotes and the like.

// FileView is the dot of a template.
type FileView struct {
	Cluster, Self string
	Members       FileMembers // all in the list, sorted by name
}

// FileMembers is a list of members. Its methods return shorter ones.
type FileMembers []FileMember

// FileMember is one member.
type FileMember struct {
	view  membership.View
	probe bool // stands for any member, while a template is checked
}

// CheckTemplate returns what is wrong with a template, or nil.
func CheckTemplate(text string) error {
	_, err := parseTemplate(text)
	return err
}

// parseTemplate returns the template that text writes. It is run once, over a member that every filter lets through, so
// that a misspelt word is found now and not when the first such member joins.
func parseTemplate(text string) (*template.Template, error) {
	t, err := template.New("template").Funcs(template.FuncMap{"json": toJSON, "join": strings.Join}).Parse(text)
	if err != nil {
		return nil, err
	}
	r := membership.Record{Name: "member", Address: netip.MustParseAddrPort("127.0.0.1:1")}
	probe := FileView{"cluster", "member", FileMembers{{membership.View{Record: &r}, true}}}
	return t, t.Execute(new(bytes.Buffer), probe)
}

func renderTemplate(t *template.Template, cluster, self string, views []membership.View) ([]byte, error) {
	var b bytes.Buffer
	all := make(FileMembers, len(views))
	for i, v := range views {
		all[i].view = v
	}
	err := t.Execute(&b, FileView{cluster, self, all})
	return b.Bytes(), err
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func (l FileMembers) where(keep func(FileMember) bool) FileMembers {
	kept := FileMembers{}
	for _, m := range l {
		if m.probe || keep(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

// Present returns those who are alive or suspect.
func (l FileMembers) Present() FileMembers {
	return l.where(func(m FileMember) bool { return m.view.State.Present() })
}

// In returns those in one of the states.
func (l FileMembers) In(states ...string) (FileMembers, error) {
	for _, s := range states {
		if _, err := api.ParseState(s); err != nil {
			return nil, err
		}
	}
	return l.where(func(m FileMember) bool { return slices.Contains(states, m.State()) }), nil
}

// Tagged returns those with a tag of that value.
func (l FileMembers) Tagged(key, value string) FileMembers {
	w := wanted{tags: []membership.Tag{{Key: key, Value: value}}}
	return l.where(func(m FileMember) bool { return w.has(m.view.Record.Tags, w.tags[0]) })
}

// WithPort returns those whose tag key is a port.
func (l FileMembers) WithPort(key string) FileMembers {
	return l.where(func(m FileMember) bool { _, ok := portOf(m.view, key); return ok })
}

// Name returns the member's name, of letters, digits and . _ -
func (m FileMember) Name() string { return m.view.Record.Name }

// State returns alive, suspect, dead or left.
func (m FileMember) State() string { return m.view.State.String() }

// IP returns the member's IP, without brackets.
func (m FileMember) IP() string { return m.view.Record.Address.Addr().String() }

// Address returns the member's gossip address, ip:port or [ip]:port.
func (m FileMember) Address() string { return m.view.Record.Address.String() }

// Zone returns the member's zone, "" when it is not a word.
func (m FileMember) Zone() string { return word(m.view.Record.Zone) }

// Build returns the version of the member's program, "" when it is not a word.
func (m FileMember) Build() string { return word(m.view.Record.Build) }

// Tag returns the value of a tag, "" when there is none or it is not a word.
func (m FileMember) Tag(key string) string {
	value, _ := m.view.Record.Tags.Get(key)
	return word(value)
}

// Port returns the port that a tag holds. It is an error when it holds none: choose members by WithPort.
func (m FileMember) Port(key string) (uint16, error) {
	port, ok := portOf(m.view, key)
	if !ok && !m.probe {
		return 0, fmt.Errorf("tag %q of member %s is no port: list .WithPort %q", key, m.Name(), key)
	}
	return port, nil
}

// HostPort returns ip:port or [ip]:port with the port that a tag holds, see Port.
func (m FileMember) HostPort(key string) (string, error) {
	port, err := m.Port(key)
	return netip.AddrPortFrom(m.view.Record.Address.Addr(), port).String(), err
}

// MarshalJSON writes what changes with events only, tags as they are.
func (m FileMember) MarshalJSON() ([]byte, error) {
	r := m.view.Record
	return json.Marshal(struct {
		Name    string            `json:"name"`
		Address string            `json:"address"`
		State   string            `json:"state"`
		Zone    string            `json:"zone"`
		Tags    map[string]string `json:"tags"`
	}{r.Name, r.Address.String(), m.State(), r.Zone, r.Tags.Map()})
}

// word returns s when it is harmless in any configuration: of letters and digits of ASCII and a few marks.
func word(s string) string {
	const marks = "._-:/@+,=%~"
	harmful := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(marks, r))
	}
	if strings.ContainsFunc(s, harmful) {
		return ""
	}
	return s
}
