package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"heartsay/agent/keyring"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

func keysCommand() *cli.Command {
	file := cli.Text("key-file", "the agent's own", "change the keys in `FILE`")
	force := cli.Bool("force", "even if members would be cut off")
	return &cli.Command{
		Name:      "keys",
		Usage:     "make and rotate the keys that seal the gossip, and show which member uses which",
		UsageText: "heartsay keys gen|add|use|remove|status [flags] [arguments]",
		Description: `To rotate: add the new key on every host, then use it on every host, then remove
the old one on every host. Each step changes the key file of this host's agent
and makes the agent read it. A key is never an argument and never travels in the
gossip. "use" and "remove" ask the members first, and change nothing when a member
would be cut off.`,
		Commands: []*cli.Command{
			{
				Name:      "gen",
				Usage:     "print a new key, or write it to a new key file",
				UsageText: "heartsay keys gen [--key-file FILE]",
				Flags:     []cli.Flag{cli.Text("key-file", "", "write the new key to a new `FILE` and do not print it")},
				Action:    generateKey,
			},
			{
				Name:      "add",
				Usage:     "also open with the keys in a file",
				UsageText: "heartsay keys add [flags] FILE\nheartsay keys add [flags] -            from standard input",
				Flags:     cli.WithAPI(file),
				Takes:     cli.Takes{Least: 1, Most: 1, What: "FILE"},
				Action:    addKeys,
			},
			{
				Name:      "use",
				Usage:     "seal with the key of that id",
				UsageText: "heartsay keys use [flags] ID",
				Flags:     cli.WithAPI(file, force),
				Takes:     cli.Takes{Least: 1, Most: 1, What: "ID"},
				Complete:  ownKeys,
				Action:    useKey,
			},
			{
				Name:      "remove",
				Usage:     "stop opening with the key of that id",
				UsageText: "heartsay keys remove [flags] ID",
				Flags:     cli.WithAPI(file, force),
				Takes:     cli.Takes{Least: 1, Most: 1, What: "ID"},
				Complete:  ownKeys,
				Action:    removeKey,
			},
			{
				Name:      "status",
				Usage:     "show which member uses which key, and which senders were refused",
				UsageText: "heartsay keys status [flags]",
				Flags:     cli.WithAPI(cli.OutputFlag("table", "json")),
				Action:    keysStatus,
			},
		},
	}
}

// generateKey prints a new key, or makes a file of it that nobody else can read. It never replaces a file.
func generateKey(c *cli.Call) error {
	key := keyring.Generate()
	if !c.IsSet("key-file") {
		return c.Println("%s", key)
	}
	path := c.String("key-file")
	if path == "" {
		return cli.UsageError("%s names no file", c.Origin("key-file"))
	}
	if render.IsKey(path) {
		return cli.UsageError("%s: a key itself is given where a file is to be named", c.Origin("key-file"))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: there is a file already, which is left alone: add a key to it with heartsay keys add", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(key + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	keys, err := keyring.Parse([]byte(key))
	if err != nil {
		return err
	}
	return c.Println("made %s with key %s", render.Escape(path), keys.Primary())
}
