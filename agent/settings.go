package agent

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// Setting is one value of a [Config] under the name that flags and configuration files give it.
type Setting struct {
	// Key is the field's name in small letters and hyphens, "suspect-phi" for Suspect.Phi and "tag" for Tags, or what
	// its tag says: `setting:"api-tcp"`.
	Key   string
	Value any
}

// Settings returns all values of c, in the order of their fields. It follows the fields themselves, so that a new one
// cannot be forgotten.
func (c Config) Settings() []Setting { return settingsOf(nil, "", reflect.ValueOf(c)) }

func settingsOf(list []Setting, prefix string, v reflect.Value) []Setting {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Anonymous || field.Tag.Get("setting") == ",inline" {
			list = settingsOf(list, prefix, v.Field(i))
			continue
		}
		key := prefix + cmp.Or(field.Tag.Get("setting"), settingKey(field.Name, field.Type.Kind()))
		if _, leaf := v.Field(i).Interface().(fmt.Stringer); field.Type.Kind() == reflect.Struct && !leaf {
			list = settingsOf(list, key+"-", v.Field(i))
			continue
		}
		list = append(list, Setting{key, v.Field(i).Interface()})
	}
	return list
}

// settingKey returns the name of a flag for that of a field: words in small letters, with hyphens between them. A flag
// for several values is named for one of them.
func settingKey(field string, kind reflect.Kind) string {
	if kind == reflect.Slice || kind == reflect.Map {
		field = strings.TrimSuffix(field, "s")
	}
	var b strings.Builder
	letters := []rune(field)
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) {
			nextSmall := i+1 < len(letters) && unicode.IsLower(letters[i+1])
			if !unicode.IsUpper(letters[i-1]) || nextSmall {
				b.WriteByte('-')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
