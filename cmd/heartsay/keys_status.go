package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/api"
)

// keysStatus shows the agent's keys, who uses which, and who was not let in.
func keysStatus(c *Call) error {
	format := c.String("output")
	client, err := newClient(c.Line)
	if err != nil {
		return err
	}
	keys, err := client.Keys(c.Context)
	switch {
	case err != nil:
		return err
	case format == "json":
		return writeJSON(c.Out, keys, true)
	case !keys.Sealed:
		return c.Println("no key: the gossip of this agent is not sealed")
	}
	var parts []string
	for _, t := range keysTables(keys, time.Now()) {
		parts = append(parts, strings.Join(t.lines(), "\n"))
	}
	return c.Println("%s", strings.Join(parts, "\n\n"))
}

// keysTables returns the tables of keys, of members and of refusals, the last only if there are any.
func keysTables(k api.Keys, now time.Time) []*table {
	own := &table{columns: []column{{title: "KEY"}, {title: "USE"}}}
	for _, key := range k.Keys {
		use := "opens"
		if key.Seals {
			use = "seals and opens"
		}
		own.add(key.ID, use)
	}
	for _, r := range k.Retired {
		own.add(r.ID, "removed "+r.Date)
	}
	members := &table{columns: []column{
		{title: "MEMBER"}, {title: "STATE"}, {title: "SEALS WITH"}, {title: "OPENS"}, {title: "HEARD", right: true},
		{title: "ADDRESS"},
	}}
	for _, m := range k.Members {
		heard, opens := "", strings.Join(m.Holds, " ")
		if m.Heard != nil {
			heard = age(now, *m.Heard) + " ago"
		}
		if !m.Asked {
			opens = "no answer"
		}
		members.add(m.Name, string(m.State), m.Seals, opens, heard, m.Address)
	}
	tables := []*table{own, members}
	if len(k.Refused) > 0 {
		tables = append(tables, refusedTable(k, now))
	}
	return tables
}

// refusedTable returns the table of those who were not let in.
func refusedTable(k api.Keys, now time.Time) *table {
	t := &table{columns: []column{
		{title: "NOT LET IN"}, {title: "KEY"}, {title: "TIMES", right: true}, {title: "LAST", right: true}, {title: "WHY"},
	}}
	for _, r := range k.Refused {
		from := r.Address
		if r.Member != "" {
			from += " (" + r.Member + ")"
		}
		t.add(from, r.Key, strconv.FormatUint(r.Count, 10), age(now, r.Last)+" ago", whyRefused(r, k))
	}
	return t
}

// whyRefused returns what a refusal means for people.
func whyRefused(r api.Refusal, k api.Keys) string {
	switch r.Reason {
	case "retired":
		i := slices.IndexFunc(k.Retired, func(old api.RetiredKey) bool { return old.ID == r.Key })
		if i < 0 {
			return "missed a rotation: its key was removed here"
		}
		return fmt.Sprintf("missed a rotation: its key was removed here on %s", k.Retired[i].Date)
	case "key":
		return "a stranger: its key was never here"
	case "seal":
		return "forged or damaged, or of another cluster"
	case "plain":
		return "has no key"
	}
	return r.Reason
}
