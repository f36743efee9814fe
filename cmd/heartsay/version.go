package main

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
)

var versionFormats = []string{"table", "json"}

// version is what the program says of itself.
type version struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Go       string `json:"go"`
	Protocol int    `json:"protocol"` // of the gossip
}

func thisVersion() version {
	return version{Name: "heartsay", Version: buildVersion(), Go: runtime.Version(), Protocol: agent.Protocol}
}

// buildVersion returns the version of the module that the program was built from, "(devel)" when that is not known.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version of this program",
		UsageText: "heartsay version [flags]",
		Flags:     []cli.Flag{outputFlag(versionFormats...)},
		Action: takes(0, 0, "", func(c *cli.Context) error {
			format, err := parseOutput(c, versionFormats...)
			if err != nil {
				return err
			}
			v := thisVersion()
			if format == "json" {
				return writeJSON(c.App.Writer, v, true)
			}
			return println(c, "%s %s, protocol %d, %s", v.Name, v.Version, v.Protocol, v.Go)
		}),
	}
}
