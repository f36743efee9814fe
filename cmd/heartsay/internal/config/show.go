package config

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"heartsay/agent/handlers"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

// shownSetting is one value of the configuration and what set it.
type shownSetting struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`          // null: none
	Origin string `json:"origin"`         // --flag, $VARIABLE, FILE:LINE, "profile NAME" or "default"
	Note   string `json:"note,omitempty"` // what holds in place of none
}

// showConfig prints every value that the agent would run with.
func showConfig(c *cli.Call) error {
	s, err := Load(c.Line)
	if err != nil {
		return err
	}
	effective := map[string]any{}
	for _, s := range s.Config.Settings() {
		effective[s.Key] = s.Value
	}
	var all []shownSetting
	for _, f := range c.Command().Flags {
		if _, inFile := fileFlag(c.Command(), f.Name); inFile {
			all = append(all, showSetting(c.Line, f, effective))
		}
	}
	if c.String("output") == "json" {
		return render.WriteJSON(c.Out, map[string]any{"settings": all}, true)
	}
	for _, s := range all {
		if err := c.Println("%s", s.line()); err != nil {
			return err
		}
	}
	return nil
}

// showSetting returns the value of a flag: the one that it was given, or the one that holds without it.
func showSetting(l *cli.Line, f cli.Flag, effective map[string]any) shownSetting {
	s := shownSetting{Key: f.Name, Value: l.Value(f), Origin: "default"}
	switch value, known := effective[f.Name]; {
	case l.IsSet(f.Name):
		s.Origin = strings.TrimSuffix(l.Origin(f.Name), ": "+f.Name)
		if strings.HasPrefix(s.Origin, "HEARTSAY_") {
			s.Origin = "$" + s.Origin
		}
	case known:
		s.Value = value
	}
	if s.Origin == "default" && f.Otherwise == fromProfile {
		s.Origin = "profile " + l.String("profile")
	}
	if s.Value = maskSecret(f.Name, plainValue(s.Value)); s.Value == nil {
		s.Note = f.Otherwise
	}
	return s
}

// plainValue returns a value as TOML and JSON write it; nil when there is none.
func plainValue(v any) any {
	switch v := v.(type) {
	case netip.AddrPort:
		if !v.IsValid() {
			return nil
		}
		return v.String()
	case map[string]string:
		pairs := []string{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, key+"="+v[key])
		}
		return pairs
	case string:
		if v == "" {
			return nil
		}
		return v
	case fmt.Stringer:
		return v.String()
	}
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
		texts := []string{}
		for i := range list.Len() {
			texts = append(texts, fmt.Sprint(list.Index(i).Interface()))
		}
		return texts
	}
	return v
}

// line returns the setting as a line of a configuration file, its origin as a comment.
func (s shownSetting) line() string {
	setting, origin := s.Key+" = "+tomlText(s.Value), s.Origin
	if s.Value == nil {
		setting, origin = "# "+s.Key+" =", strings.TrimSpace(s.Origin+": "+cmp.Or(s.Note, "none"))
	}
	return render.Pad(setting, 40) + " # " + render.Escape(origin)
}

// tomlText returns a plain value as TOML writes it, with escapes for what does not show as itself.
func tomlText(v any) string {
	switch v := v.(type) {
	case string:
		return tomlString(v)
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = tomlString(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// tomlString returns a basic string of TOML [toml.io/en/v1.0.0#string].
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			b.WriteString(`\` + string(r))
		case !render.Hidden(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String() + `"`
}

// maskSecret returns a value without what must not be shown: all of a key that is a secret itself rather than the path
// of one, what is written like a key in any place, and the passwords and queries of URLs.
func maskSecret(key string, v any) any {
	switch v := v.(type) {
	case string:
		if secretKey(key) {
			return render.Masked
		}
		return handlers.MaskURL(render.MaskKeys(v))
	case []string:
		shown := make([]string, len(v))
		for i, text := range v {
			shown[i], _ = maskSecret(key, text).(string)
		}
		return shown
	}
	return v
}

func secretKey(key string) bool {
	if strings.HasSuffix(key, "-file") || strings.HasSuffix(key, "-dir") {
		return false
	}
	return slices.ContainsFunc(strings.Split(key, "-"), func(word string) bool {
		return slices.Contains([]string{"secret", "token", "password", "key"}, word)
	})
}
