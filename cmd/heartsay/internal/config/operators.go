package config

import (
	"errors"
	"os"
	"strings"

	"heartsay/agent"
	"heartsay/agent/addr"
	"heartsay/cmd/heartsay/internal/cli"
)

// operatorFlags returns the flags that say how the agent serves monitoring and discovery.
func operatorFlags() []cli.Flag {
	return []cli.Flag{
		cli.Text("metrics", "", "serve metrics, health and Prometheus targets on `IP:PORT` too; a port alone: on loopback"),
		cli.Text("dns", "", "answer DNS queries for members on `IP:PORT`, UDP and TCP; a port alone: on loopback"),
		cli.Text("dns-zone", "heartsay", "answer DNS queries for `DOMAIN` only"),
		cli.Text("write-file", "", "keep `FILE` at what --template makes of the members"),
		cli.Text("template", "", "the `TEMPLATE` of --write-file, a Go template, or @FILE that holds it"),
		cli.Text("write-exec", "", "run `COMMAND` by sh -c after each write of --write-file"),
	}
}

// setOperators sets what operatorFlags say.
func setOperators(l *cli.Line, cfg *agent.Config) error {
	for name, field := range map[string]*string{
		"dns-zone": &cfg.DNSZone, "write-file": &cfg.WriteFile, "template": &cfg.Template, "write-exec": &cfg.WriteExec,
	} {
		if l.IsSet(name) {
			*field = l.String(name)
		}
	}
	return errors.Join(
		setAddress(l, "metrics", &cfg.Metrics, addr.ParseListen),
		setAddress(l, "dns", &cfg.DNS, addr.ParseListen),
		readTemplate(l, &cfg.Template),
	)
}

// readTemplate replaces @FILE by what the file holds.
func readTemplate(l *cli.Line, template *string) error {
	path, isFile := strings.CutPrefix(*template, "@")
	if !isFile {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return cli.UsageError("%s: %v", l.Origin("template"), err)
	}
	*template = string(b)
	return nil
}
