package main

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

// memberFilter says which members to show. The zero value shows all.
type memberFilter struct {
	states []api.State // any of them; empty: all
	name   *regexp.Regexp
	tags   []tagFilter // all of them
}

// tagFilter asks for a tag with a value.
type tagFilter struct {
	key   string
	value *regexp.Regexp
}

// parseFilter returns the filter that the flags state, name and tag describe.
func parseFilter(c *cli.Call) (f memberFilter, err error) {
	f.states = cli.As[api.State](c.Strings("state"))
	if c.IsSet("name") {
		if f.name, err = anchored(c.Origin("name"), c.String("name"), c.String("name")); err != nil {
			return f, err
		}
	}
	for _, s := range c.Strings("tag") {
		key, re, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return f, cli.UsageError("%s %q: write KEY=RE", c.Origin("tag"), s)
		}
		value, err := anchored(c.Origin("tag"), s, re)
		if err != nil {
			return f, err
		}
		f.tags = append(f.tags, tagFilter{key, value})
	}
	return f, nil
}

// anchored returns the regular expression re, made to match a text as a whole. Errors name what it was given in,
// given for the flag origin, and where in it re goes wrong.
func anchored(origin, given, re string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(re); err != nil { // without the group, which would change what is wrong
		var fault *syntax.Error
		if !errors.As(err, &fault) {
			return nil, cli.UsageError("%s %q: %v", origin, given, err)
		}
		at := strings.LastIndex(given, re) + max(strings.Index(re, fault.Expr), 0) + 1
		return nil, cli.UsageError("%s %q: bad regular expression at position %d: %s in %q", origin, given, at, fault.Code,
			fault.Expr)
	}
	return regexp.MustCompile("^(?:" + re + ")$"), nil
}

// apply returns view with the members alone that f shows. Its list is never nil.
func (f memberFilter) apply(view api.Members) api.Members {
	view.Members = slices.DeleteFunc(slices.Clone(view.Members), func(m api.Member) bool { return !f.shows(m) })
	if view.Members == nil {
		view.Members = []api.Member{}
	}
	return view
}

func (f memberFilter) shows(m api.Member) bool {
	if len(f.states) > 0 && !slices.Contains(f.states, m.State) {
		return false
	}
	if f.name != nil && !f.name.MatchString(m.Name) {
		return false
	}
	return !slices.ContainsFunc(f.tags, func(t tagFilter) bool {
		value, ok := m.Tags[t.key]
		return !ok || !t.value.MatchString(value)
	})
}
