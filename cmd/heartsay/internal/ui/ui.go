// Package ui serves a page that shows one agent to a browser on this host.
//
// A follower asks the agent, by the API alone, and writes what it says to the board. Each page that is open is a stream,
// which reads from the board what changed since it last looked, at its own pace, and sends it as a frame. The gate
// decides which requests are answered. The files of the page are in page; they need nothing else from anywhere.
package ui

import (
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"heartsay/cmd/heartsay/internal/cli"
)

func Command() *cli.Command {
	return &cli.Command{
		Name:      "ui",
		Usage:     "serve a live view of the cluster to a browser on this host",
		UsageText: "heartsay ui [flags]",
		Description: `Prints the address of a page and serves it on 127.0.0.1 until interrupted. The
address works once, in one browser. The page shows the view of this agent: members,
their suspicion level, events, and the health of the agent itself. It changes
nothing. When the agent stops or restarts, the page says so and goes on by itself.

For an agent on another host, run heartsay ui --port 8327 there and
ssh -L 8327:127.0.0.1:8327 HOST here, and open the address that it printed there.`,
		Flags: cli.WithAPI(
			cli.Int("port", "", "listen on TCP `PORT` of 127.0.0.1; 0 takes a free one"),
			cli.Bool("open", "also open the page in the default browser"),
		),
		Action: serveAgent,
	}
}

func serveAgent(c *cli.Call) error {
	port := c.Int("port")
	if port < 0 || port > 65535 {
		return cli.UsageError("%s %d: a port is 0 to 65535", c.Origin("port"), port)
	}
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	ctx, stop := cli.UntilInterrupted(c.Context)
	defer stop()
	self, err := client.Self(ctx)
	if err != nil {
		return cli.UnlessInterrupted(ctx, err)
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("serve the page: %w: choose another port with --port, or leave it out", err)
	}
	u := newServer(client)
	url := "http://" + listener.Addr().String() + u.gate.link()
	if err := c.Println("%s", url); err != nil {
		listener.Close()
		return err
	}
	c.Note("shows what %s sees of cluster %s; the address works once; Ctrl-C ends", self.Name, self.Cluster)
	if c.Bool("open") {
		openBrowser(c, url)
	}
	return u.run(ctx, listener)
}

// openBrowser asks the desktop to show url. Other users may read it from the list of processes for a moment; it works
// once, so one who is faster is noticed. That there is no desktop is told and is no failure: the address is printed.
func openBrowser(c *cli.Call, url string) {
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	}
	cmd := exec.Command(program, url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C here shall not end the browser
	if err := cmd.Start(); err != nil {
		c.Note("no browser was opened: %v; open the address yourself", err)
		return
	}
	go cmd.Wait()
}
