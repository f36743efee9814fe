package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
)

func keysCommand() *cli.Command {
	return &cli.Command{
		Name:  "keys",
		Usage: "make the keys that seal the gossip, rotate them, and show who uses which",
		UsageText: `heartsay keys gen [--key-file FILE]      print a new key, or make a new key file of it
heartsay keys add FILE                   open with the keys in FILE too; - is stdin
heartsay keys use ID                     seal with the key of that id
heartsay keys remove ID                  no longer open with the key of that id
heartsay keys status [-o table|json]     who uses which key, and who was not let in`,
		Description: `To rotate: add the new key on every host, then use it on every host, then remove
the old one on every host. Each step changes the key file of this host's agent
and makes the agent read it. No key is ever an argument or travels in the gossip.
"use" and "remove" ask the members first, and decline when one would be cut off.`,
		Flags: []cli.Flag{
			text("key-file", "the agent's own", "change the keys in `FILE`; with gen: make it"),
			&cli.BoolFlag{Name: "force", Usage: "use or remove a key although members would be cut off"},
			outputFlag(keysFormats...),
			apiFlag(),
		},
		Action: takes(1, 2, "what to do: gen, add, use, remove or status", keysAction),
	}
}

var keysFormats = []string{"table", "json"}

// keysAction does what the first argument says.
func keysAction(c *cli.Context) error {
	action := c.Args().First()
	needs := map[string]string{"gen": "", "add": "FILE", "use": "ID", "remove": "ID", "status": ""}
	what, ok := needs[action]
	switch {
	case !ok:
		return usageError("%q is nothing that keys can do: choose gen, add, use, remove or status", action)
	case what == "" && c.NArg() > 1:
		return usageError("no argument is taken by keys %s, but %q is given", action, c.Args().Get(1))
	case what != "" && c.Args().Get(1) == "":
		return usageError("%s is missing: heartsay keys %s %s", what, action, what)
	}
	switch action {
	case "gen":
		return generateKey(c)
	case "status":
		return keysStatus(c)
	case "add":
		return addKeys(c, c.Args().Get(1))
	}
	id, err := agent.ParseKeyID(c.Args().Get(1))
	if err != nil {
		return usageError("%v", err)
	}
	if action == "use" {
		return useKey(c, id)
	}
	return removeKey(c, id)
}

// generateKey prints a new key, or makes a file of it that nobody else can read. It never replaces a file.
func generateKey(c *cli.Context) error {
	key := agent.GenerateKey()
	if !c.IsSet("key-file") {
		return println(c, "%s", key)
	}
	path := c.String("key-file")
	if path != "" && keyInText.FindString(path) == path {
		return usageError("%s: a key itself is given where a file is to be named", origin(c, "key-file"))
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
	keys, err := agent.ParseKeys([]byte(key))
	if err != nil {
		return err
	}
	return println(c, "made %s with key %s", escape(path), keys.Primary())
}
