// Package doctor looks for what is wrong with an agent on this host, or with the place for one.
//
// Each check is a method of doctor, in the order in which examine calls them: the configuration, the agent, its port,
// address and socket, what the host gives it, its state file, its seeds, its name, its peers, its counters. A check notes findings
// and goes on; what an earlier check found wrong, a later one does not tell again. Nothing is changed.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
	"heartsay/cmd/heartsay/internal/render"
)

// Command returns the command.
func Command() *cli.Command { return command(waits{grow: time.Second, past: 300 * time.Millisecond}) }

// waits are how long the doctor waits for what takes time to show.
type waits struct {
	grow time.Duration // counters are watched for so long
	past time.Duration // for the agent to tell the events that it keeps
}

func command(w waits) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check this host and its agent, and say what to do",
		UsageText: "heartsay doctor [flags] [PEER...]",
		Description: `Takes the flags and environment variables of "heartsay agent". Checks the
configuration, the agent, its ports, its files, its seeds and its drops. Makes the
agent test the PEERs, or up to 20 members, with packets, full packets and a stream,
and compare their clocks. Without an agent it checks what would keep one from
starting.

Prints one line for each check: ok, warn or FAIL. Exits with 7 when one failed.`,
		Flags:    append(config.Flags(), cli.OutputFlag("table", "json")),
		AgentEnv: true,
		Examines: true,
		Takes:    cli.Takes{Most: maxProbed, What: "PEER"},
		Complete: cli.MemberAddresses,
		Action:   func(c *cli.Call) error { return examine(c, w) },
	}
}

// Results of a check.
const (
	resultOK   = "ok"
	resultWarn = "warn"
	resultFail = "FAIL"
)

var resultColours = map[string]string{resultOK: "green", resultWarn: "yellow", resultFail: "red"}

// finding is what one check found.
type finding struct {
	Check   string `json:"check"`
	Result  string `json:"result"` // ok, warn or FAIL
	Message string `json:"message"`
	Todo    string `json:"todo,omitempty"`
}

// doctor examines one agent, or the place for one.
type doctor struct {
	ctx         context.Context
	call        *cli.Call
	waits       waits
	asked       config.Settings // what flags, environment and file ask for; the defaults when they are wrong
	client      *api.Client     // nil: its address makes no sense
	self        *api.Self       // of the agent that runs; nil: none does
	unreachable bool            // this host lacks the address that others are told
	findings    []finding
}

// examine examines the agent that c names, or the place for one.
func examine(c *cli.Call, w waits) error {
	format := c.String("output")
	d := &doctor{ctx: c.Context, call: c, waits: w}
	for _, examine := range []func(){
		d.checkConfig, d.checkAgent, d.checkPort, d.checkAddress, d.checkSocket, d.checkDescriptors, d.checkState, d.checkSeeds,
		d.checkName, d.checkPeers, d.checkKeys, d.checkCounters,
	} {
		if examine(); c.Context.Err() != nil {
			return c.Context.Err()
		}
	}
	return d.report(format)
}

func (d *doctor) ok(check, format string, args ...any) { d.find(check, resultOK, "", format, args...) }

// warn notes what may be wrong, and what to do about it.
func (d *doctor) warn(check, todo, format string, args ...any) {
	d.find(check, resultWarn, todo, format, args...)
}

// fail notes what is wrong, and what to do about it.
func (d *doctor) fail(check, todo, format string, args ...any) {
	d.find(check, resultFail, todo, format, args...)
}

func (d *doctor) find(check, result, todo, format string, args ...any) {
	d.findings = append(d.findings, finding{check, result, fmt.Sprintf(format, args...), todo})
}

// report prints the findings. The error says that some are failures.
func (d *doctor) report(format string) error {
	count := map[string]int{}
	for _, f := range d.findings {
		count[f.Result]++
	}
	if format == "json" {
		all := map[string]any{"findings": d.findings, "failed": count[resultFail], "warned": count[resultWarn]}
		if err := render.WriteJSON(d.call.Out, all, true); err != nil {
			return err
		}
	} else if err := d.writeLines(); err != nil {
		return err
	}
	if n := count[resultFail]; n > 0 {
		return cli.WithCode(cli.ExitFalse, fmt.Errorf("%s failed", render.Plural(n, "check")))
	}
	return nil
}

func (d *doctor) writeLines() error {
	colours := render.NewPalette(d.call.Out)
	for _, f := range d.findings {
		text := f.Message
		if f.Todo != "" {
			text += ": " + f.Todo
		}
		result := colours.Paint(resultColours[f.Result], f.Result)
		pads := strings.Repeat(" ", len(resultFail)-len(f.Result))
		if err := d.call.Println("%s%s  %-8s  %s", result, pads, f.Check, render.Escape(text)); err != nil {
			return err
		}
	}
	return nil
}

// checkConfig looks whether an agent would take its configuration.
func (d *doctor) checkConfig() {
	asked, err := config.Load(d.call.Line)
	d.asked = asked
	if err == nil {
		err = config.CheckSecrets(asked.Config)
	}
	file := d.call.String("config")
	for _, text := range strings.Split(errorText(errors.Join(d.call.Fault, err)), "\n") {
		if text != "" {
			d.fail("config", "", "%s", text)
		}
	}
	switch {
	case d.call.Fault != nil || err != nil:
	case file == "":
		d.ok("config", "flags and environment are correct; no configuration file is named")
	default:
		d.ok("config", "%s is correct", file)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o002 != 0 {
		d.fail("config", "chmod o-w "+file, "every user may write %s, and so decide what the agent runs with", file)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// checkAgent looks whether an agent answers.
func (d *doctor) checkAgent() {
	client, err := cli.NewClient(d.call.Line)
	if err != nil {
		return // checkConfig told
	}
	self, err := client.Self(d.ctx)
	if err != nil {
		d.fail("agent", "", "%v", err)
		return
	}
	d.client, d.self = client, &self
	d.ok("agent", "%s of the cluster %s answers at %s, pid %d", self.Name, self.Cluster, self.API, self.PID)
	if d.call.IsSet("name") && d.asked.Config.Name != self.Name {
		d.warn("agent", "restart it, or name the other's --api", "the agent that runs is %s, not %s as %s says",
			self.Name, d.asked.Config.Name, d.call.Origin("name"))
	}
}
