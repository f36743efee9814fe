// Command heartsay runs a member of a gossip cluster and asks the one on this host about its cluster.
//
// The table of commands is in app.go. The commands that are one question to the agent are here, and the agent itself:
// agent.go, with its signals, its reload, what it tells systemd and how much memory it takes. The others have rooms of
// their own under internal.
package main

import "os"

func main() {
	os.Exit(program().Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
