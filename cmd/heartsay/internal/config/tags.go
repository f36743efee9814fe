package config

import (
	"strings"

	"heartsay/cmd/heartsay/internal/cli"
)

// ParseTags returns the tags that are written as KEY=VALUE each. What wrote them stands before each error.
func ParseTags(what string, pairs []string) (map[string]string, error) {
	tags := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, cli.UsageError("%s %q: write KEY=VALUE", what, pair)
		}
		if _, twice := tags[key]; twice {
			return nil, cli.UsageError("%s %q: the tag %q is given twice", what, pair, key)
		}
		tags[key] = value
	}
	return tags, nil
}
