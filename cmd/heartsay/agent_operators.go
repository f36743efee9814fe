package main

import (
	"errors"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
	"heartsay/agent/addr"
)

// operatorFlags returns the flags that say how the agent serves monitoring and discovery.
func operatorFlags() []cli.Flag {
	return []cli.Flag{
		text("metrics", "", "serve metrics, health and Prometheus targets on `IP:PORT` too; a port alone: on loopback"),
		text("dns", "", "answer DNS queries for members on `IP:PORT`, UDP and TCP; a port alone: on loopback"),
		text("dns-zone", "heartsay", "answer DNS queries for `DOMAIN` only"),
		text("write-file", "", "keep `FILE` at what --template makes of the members"),
		text("template", "", "the `TEMPLATE` of --write-file, a Go template, or @FILE that holds it"),
		text("write-exec", "", "run `COMMAND` by sh -c after each write of --write-file"),
	}
}

// setOperators sets what operatorFlags say.
func setOperators(c *cli.Context, cfg *agent.Config) error {
	for name, field := range map[string]*string{
		"dns-zone": &cfg.DNSZone, "write-file": &cfg.WriteFile, "template": &cfg.Template, "write-exec": &cfg.WriteExec,
	} {
		if c.IsSet(name) {
			*field = c.String(name)
		}
	}
	return errors.Join(
		setAddress(c, "metrics", &cfg.Metrics, addr.ParseListen),
		setAddress(c, "dns", &cfg.DNS, addr.ParseListen),
		readTemplate(c, &cfg.Template),
	)
}

// readTemplate replaces @FILE by what the file holds.
func readTemplate(c *cli.Context, template *string) error {
	path, isFile := strings.CutPrefix(*template, "@")
	if !isFile {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return usageError("%s: %v", origin(c, "template"), err)
	}
	*template = string(b)
	return nil
}
