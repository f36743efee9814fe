// Command heartsay runs a member of a gossip cluster and asks the one on this host about its cluster.
package main

import "os"

func main() {
	os.Exit(program().Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
