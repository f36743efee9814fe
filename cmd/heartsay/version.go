package main

import (
	"runtime"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
	"heartsay/cmd/heartsay/internal/render"
)

// version is what the program says of itself.
type version struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Go       string `json:"go"`
	Protocol int    `json:"protocol"` // of the gossip
}

func thisVersion() version {
	return version{Name: "heartsay", Version: config.BuildVersion(), Go: runtime.Version(), Protocol: agent.Protocol}
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version of this program",
		UsageText: "heartsay version [flags]",
		Flags:     []cli.Flag{cli.OutputFlag("table", "json")},
		Action: func(c *cli.Call) error {
			v := thisVersion()
			if c.String("output") == "json" {
				return render.WriteJSON(c.Out, v, true)
			}
			return c.Println("%s %s, protocol %d, %s", v.Name, v.Version, v.Protocol, v.Go)
		},
	}
}
