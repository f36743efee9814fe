package main

import (
	"maps"
	"slices"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
	"heartsay/cmd/heartsay/internal/render"
)

func tagsCommand() *cli.Command {
	flags := cli.WithAPI(cli.OutputFlag("table", "json"))
	return &cli.Command{
		Name:      "tags",
		Usage:     "show or change the tags of the agent",
		UsageText: "heartsay tags [flags] [show | set KEY=VALUE... | delete KEY...]",
		Description: `Prints all tags of the agent after the change. The cluster learns of a change at
once. It holds until the agent ends. Put permanent tags into the configuration.`,
		Flags:  flags,
		Action: showTags,
		Commands: []*cli.Command{
			{
				Name:      "show",
				Usage:     "print the tags, as without a command",
				UsageText: "heartsay tags show [flags]",
				Flags:     flags,
				Action:    showTags,
			},
			{
				Name:      "set",
				Usage:     "add tags to the agent, or change their values",
				UsageText: "heartsay tags set [flags] KEY=VALUE...",
				Flags:     flags,
				Takes:     cli.Takes{Least: 1, Most: maxTagArguments, What: "KEY=VALUE"},
				Action: func(c *cli.Call) error {
					tags, err := config.ParseTags("set", c.Args)
					if err != nil {
						return err
					}
					return changeTags(c, api.TagsRequest{Set: tags})
				},
			},
			{
				Name:        "delete",
				Usage:       "delete tags of the agent",
				UsageText:   "heartsay tags delete [flags] KEY...",
				Description: "Deleting a tag that does not exist is no error.",
				Flags:       flags,
				Takes:       cli.Takes{Least: 1, Most: maxTagArguments, What: "KEY"},
				Complete:    ownTags,
				Action:      func(c *cli.Call) error { return changeTags(c, api.TagsRequest{Delete: c.Args}) },
			},
		},
	}
}

// maxTagArguments is above what an agent takes: that is its own to refuse.
const maxTagArguments = 1000

func showTags(c *cli.Call) error { return changeTags(c, api.TagsRequest{}) }

// changeTags changes the tags of the agent and prints those that it has then.
func changeTags(c *cli.Call, change api.TagsRequest) error {
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	result, err := client.Tags(c.Context, change)
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return render.WriteJSON(c.Out, result, true)
	}
	for _, key := range slices.Sorted(maps.Keys(result.Tags)) {
		if err := c.Println("%s", render.Escape(key+"="+result.Tags[key])); err != nil {
			return err
		}
	}
	return nil
}

// ownTags proposes the tags that the agent has.
func ownTags(c *cli.Call) (all []cli.Proposal) {
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return nil
	}
	result, err := client.Tags(c.Context, api.TagsRequest{})
	if err != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(result.Tags)) {
		all = append(all, cli.Proposal{Text: key})
	}
	return all
}
