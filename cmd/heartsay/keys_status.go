package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

// keysStatus shows the agent's keys, who uses which, and who was not let in.
func keysStatus(c *cli.Call) error {
	format := c.String("output")
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	keys, err := client.Keys(c.Context)
	switch {
	case err != nil:
		return err
	case format == "json":
		return render.WriteJSON(c.Out, keys, true)
	case !keys.Sealed:
		return c.Println("no key: the gossip of this agent is not sealed")
	}
	return c.Println("%s", strings.Join(keysTables(keys, time.Now()), "\n\n"))
}

// keysTables returns the tables of keys, of members and of refusals, the last only if there are any.
func keysTables(k api.Keys, now time.Time) []string {
	tables := []string{ownKeysTable(k), keyUsesTable(k, now)}
	if len(k.Refused) > 0 {
		tables = append(tables, refusedTable(k, now))
	}
	return tables
}

// ownKeysTable returns the table of the keys that the agent has or had.
func ownKeysTable(k api.Keys) string {
	var rows [][2]string // a key and its use
	for _, key := range k.Keys {
		use := "opens"
		if key.Seals {
			use = "seals and opens"
		}
		rows = append(rows, [2]string{key.ID, use})
	}
	for _, r := range k.Retired {
		rows = append(rows, [2]string{r.ID, "removed " + r.Date})
	}
	return strings.Join(render.Table[[2]string]{Columns: []render.Column[[2]string]{
		{Title: "KEY", Cell: func(r [2]string) string { return r[0] }},
		{Title: "USE", Cell: func(r [2]string) string { return r[1] }},
	}}.Lines(rows), "\n")
}

// keyUsesTable returns the table of who uses which key.
func keyUsesTable(k api.Keys, now time.Time) string {
	return strings.Join(render.Table[api.KeyUse]{Columns: []render.Column[api.KeyUse]{
		{Title: "MEMBER", Cell: func(m api.KeyUse) string { return m.Name }},
		{Title: "STATE", Cell: func(m api.KeyUse) string { return string(m.State) }},
		{Title: "SEALS WITH", Cell: func(m api.KeyUse) string { return m.Seals }},
		{Title: "OPENS", Cell: opens},
		{Title: "HEARD", Right: true, Cell: func(m api.KeyUse) string {
			if m.Heard == nil {
				return ""
			}
			return render.Age(now, *m.Heard) + " ago"
		}},
		{Title: "ADDRESS", Cell: func(m api.KeyUse) string { return m.Address }},
	}}.Lines(k.Members), "\n")
}

// opens returns the keys that a member says it opens with.
func opens(m api.KeyUse) string {
	if !m.Asked {
		return "no answer"
	}
	return strings.Join(m.Holds, " ")
}

// refusedTable returns the table of those who were not let in.
func refusedTable(k api.Keys, now time.Time) string {
	return strings.Join(render.Table[api.Refusal]{Columns: []render.Column[api.Refusal]{
		{Title: "NOT LET IN", Cell: func(r api.Refusal) string {
			if r.Member == "" {
				return r.Address
			}
			return r.Address + " (" + r.Member + ")"
		}},
		{Title: "KEY", Cell: func(r api.Refusal) string { return r.Key }},
		{Title: "TIMES", Right: true, Cell: func(r api.Refusal) string { return strconv.FormatUint(r.Count, 10) }},
		{Title: "LAST", Right: true, Cell: func(r api.Refusal) string { return render.Age(now, r.Last) + " ago" }},
		{Title: "WHY", Cell: func(r api.Refusal) string { return whyRefused(r, k) }},
	}}.Lines(k.Refused), "\n")
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
