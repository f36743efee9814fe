package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"heartsay/agent"
	"heartsay/agent/keyring"
	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

// maxKeyInput is how many bytes of keys are read from stdin.
const maxKeyInput = 16 << 10

// addKeys adds the keys in a file, or on stdin.
func addKeys(c *cli.Call) error {
	from := c.Arg(0)
	var added *keyring.Keys
	var err error
	if from == "-" {
		var content []byte
		if content, err = io.ReadAll(io.LimitReader(c.In, maxKeyInput)); err == nil {
			added, err = keyring.Parse(content)
		}
		if err != nil {
			err = fmt.Errorf("standard input: %w", err)
		}
	} else {
		added, err = keyring.ReadFile(from)
	}
	if err != nil {
		return err
	}
	return changeKeys(c, func(k *keyring.Keys, _ *api.Keys) (*keyring.Keys, error) { return k.Add(added) },
		fmt.Sprintf("added %s", ids(added.IDs())))
}

// useKey makes a key the one that seals, if every present member can open what it seals.
func useKey(c *cli.Call) error {
	id, err := keyring.ParseID(c.Arg(0))
	if err != nil {
		return cli.UsageError("%v", err)
	}
	return changeKeys(c, func(k *keyring.Keys, others *api.Keys) (*keyring.Keys, error) {
		changed, err := k.Use(id)
		if err != nil {
			return nil, notFound(err)
		}
		lacks := func(m api.KeyUse) bool { return !m.Asked || !slices.Contains(m.Holds, id.String()) }
		return changed, checkOthers(c, others, lacks, "cannot open what key "+id.String()+" seals, or did not answer",
			"add it there first")
	}, "sealing with "+id.String())
}

// removeKey removes a key, if no present member seals with it.
func removeKey(c *cli.Call) error {
	id, err := keyring.ParseID(c.Arg(0))
	if err != nil {
		return cli.UsageError("%v", err)
	}
	return changeKeys(c, func(k *keyring.Keys, others *api.Keys) (*keyring.Keys, error) {
		changed, err := k.Remove(id, time.Now())
		if err != nil {
			return nil, notFound(err)
		}
		uses := func(m api.KeyUse) bool { return !m.Asked || m.Seals == id.String() }
		return changed, checkOthers(c, others, uses, "still seals with key "+id.String()+", or did not answer",
			"use another one there first")
	}, "removed "+id.String())
}

// changeKeys changes the key file and makes the agent read it. Change gets what the agent knows of the others, nil when
// no agent runs.
func changeKeys(c *cli.Call, change func(*keyring.Keys, *api.Keys) (*keyring.Keys, error), done string) error {
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	var others *api.Keys
	status, err := client.Keys(c.Context)
	path := c.String("key-file")
	switch {
	case err == nil && !status.Sealed:
		return agent.ErrNoKeyFile
	case err == nil:
		others = &status
		if path, err = sameKeyFile(path, status.KeyFile); err != nil {
			return err
		}
	case !errors.Is(err, api.ErrUnreachable) || path == "":
		return err
	}
	keys, err := keyring.ChangeFile(path, func(k *keyring.Keys) (*keyring.Keys, error) { return change(k, others) })
	if err != nil {
		return err
	}
	if others == nil {
		c.Note("no agent answers at %s: it will read the file when it starts", c.String("api"))
	} else if err := client.ReloadKeys(c.Context); err != nil {
		return fmt.Errorf("the key file is changed, and the agent has not read it: %w", err)
	}
	return c.Println("%s; keys are %s, the first seals", done, ids(keys.IDs()))
}

// sameKeyFile returns the agent's key file, which must be the one that was named, if one was.
func sameKeyFile(named, agents string) (string, error) {
	if named == "" {
		return agents, nil
	}
	path, err := filepath.Abs(named)
	if err == nil && path != agents {
		err = cli.UsageError("--key-file %q: the agent's key file is %q: leave the flag out, or name its agent with --api",
			named, agents)
	}
	return path, err
}

// checkOthers returns an error when a present member would be cut off, and the user did not insist.
func checkOthers(c *cli.Call, others *api.Keys, cutOff func(api.KeyUse) bool, why, todo string) error {
	if c.Bool("force") {
		return nil
	}
	if others == nil {
		return errors.New("no agent answers that could ask the other members: start it first, or give --force")
	}
	var names []string
	for _, m := range others.Members {
		if m.State.Present() && cutOff(m) {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("nothing is changed, since a member would be cut off: %s %s: %s, or give --force",
		strings.Join(names, ", "), why, todo)
}

// notFound gives the error for a key that is not there its exit code.
func notFound(err error) error {
	if errors.Is(err, keyring.ErrUnknown) {
		return cli.WithCode(cli.ExitNotFound, err)
	}
	return err
}

func ids(all []keyring.ID) string {
	words := make([]string, len(all))
	for i, id := range all {
		words[i] = id.String()
	}
	return strings.Join(words, " ")
}

// ownKeys proposes the keys of the agent.
func ownKeys(c *cli.Call) (all []cli.Proposal) {
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return nil
	}
	keys, err := client.Keys(c.Context)
	if err != nil {
		return nil
	}
	for _, key := range keys.Keys {
		all = append(all, cli.Proposal{Text: key.ID})
	}
	return all
}
