package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/api"
)

var tagsFormats = []string{"table", "json"}

func tagsCommand() *cli.Command {
	return &cli.Command{
		Name:      "tags",
		Usage:     "show or change the tags that the agent tells others",
		UsageText: "heartsay tags [flags] [set KEY=VALUE... | delete KEY...]",
		Description: `Prints all tags of the agent after the change. A change is told to the cluster at
once and holds until the agent ends; what shall outlive it belongs into its
configuration. To delete a tag that is not there is no error.`,
		Flags:  []cli.Flag{outputFlag(tagsFormats...), apiFlag()},
		Action: tagsAction,
	}
}

func tagsAction(c *cli.Context) error {
	format, err := parseOutput(c, tagsFormats...)
	if err != nil {
		return err
	}
	change, err := tagsChange(c.Args().Slice())
	if err != nil {
		return err
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	result, err := client.Tags(c.Context, change)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(c.App.Writer, result, true)
	}
	for _, key := range slices.Sorted(maps.Keys(result.Tags)) {
		if err := println(c, "%s", escape(key+"="+result.Tags[key])); err != nil {
			return err
		}
	}
	return nil
}

// tagsChange returns the change that the arguments ask for: none, set KEY=VALUE..., or delete KEY...
func tagsChange(args []string) (change api.TagsRequest, err error) {
	if len(args) == 0 {
		return change, nil
	}
	verb, rest := args[0], args[1:]
	switch {
	case verb == "show" && len(rest) == 0:
		return change, nil
	case verb != "set" && verb != "delete":
		return change, usageError("%q is not known here: write set KEY=VALUE..., delete KEY..., or nothing", verb)
	case len(rest) == 0 && verb == "set":
		return change, usageError("KEY=VALUE is missing")
	case len(rest) == 0:
		return change, usageError("KEY is missing")
	case verb == "set":
		change.Set, err = parseTags("set", rest)
		return change, err
	}
	change.Delete = rest
	return change, nil
}

// parseTags returns the tags that are written as KEY=VALUE each. What wrote them stands before each error.
func parseTags(what string, pairs []string) (map[string]string, error) {
	tags := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, usageError("%s %q: write KEY=VALUE", what, pair)
		}
		if _, twice := tags[key]; twice {
			return nil, usageError("%s %q: the tag %q is given twice", what, pair, key)
		}
		tags[key] = value
	}
	return tags, nil
}
