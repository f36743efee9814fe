package e2e

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

// fault is one kind of trouble that the soak makes for a host.
type fault struct {
	name     string
	restarts bool // the agent ends: not for elders
	silences bool // the others may declare the victim dead
	deafens  bool // the victim may declare others dead
	begin    func(s *soak, host int) (undo func())
}

// soakFaults are the faults of the soak. Loss of 30 %, blocked UDP, a flood, a reader that does not read and a duplicate name
// are no reason for anybody to die; being stopped or starved is no reason to declare others dead.
var soakFaults = []fault{
	{"SIGKILL, restart", true, true, false, (*soak).crash},
	{"SIGTERM, restart", true, true, false, (*soak).leave},
	{"SIGKILL, restart at another address", true, true, false, (*soak).move},
	{"SIGKILL, forgotten, restart", true, true, false, (*soak).forget},
	{"SIGSTOP", false, true, false, (*soak).freeze},
	{"processor at 5 %", false, true, false, (*soak).starve},
	{"link down", false, true, true, (*soak).unplug},
	{"cut off", false, true, true, func(s *soak, host int) func() { return s.filter(host, mute(host), deaf(host)) }},
	{"deaf", false, true, true, func(s *soak, host int) func() { return s.filter(host, deaf(host)) }},
	{"mute", false, true, true, func(s *soak, host int) func() { return s.filter(host, mute(host)) }},
	{"loss of 30 %", false, false, false, func(s *soak, host int) func() { return s.filter(host, loss(30, host)[1]) }},
	{"UDP blocked", false, false, false, func(s *soak, host int) func() { return s.filter(host, noUDP(host)...) }},
	{"streams blocked", false, false, false, func(s *soak, host int) func() { return s.filter(host, noTCP(host)...) }},
	{"flood of 5000 packets/s", false, false, false, (*soak).flood},
	{"reader that does not read", false, false, false, (*soak).unread},
	{"duplicate name", false, false, false, (*soak).duplicateName},
}

func (s *soak) on(host int) *process { return s.agents[host-1] }

func (s *soak) filter(host int, rules ...string) func() {
	name := fmt.Sprintf("host%d", host)
	s.impose(name, rules...)
	return func() { s.lift(name) }
}

// end ends an agent, which must not have ended by itself before.
func (s *soak) end(host int, signal syscall.Signal) *process {
	p := s.on(host)
	p.end(signal)
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	byItself := signal == syscall.SIGKILL && !status.Signaled() || signal == syscall.SIGTERM && status.ExitStatus() != 0
	if log := p.log.String(); byItself || strings.Contains(log, "panic:") || strings.Contains(log, "DATA RACE") {
		s.odd = append(s.odd, fmt.Sprintf("%s ended by itself with %v:\n%s", p.name, p.cmd.ProcessState, log))
	}
	return p
}

func (s *soak) crash(host int) func() {
	p := s.end(host, syscall.SIGKILL)
	return func() { s.restart(p) }
}

func (s *soak) leave(host int) func() {
	p := s.end(host, syscall.SIGTERM)
	return func() { s.restart(p) }
}

// move lets a host change between its two addresses while its agent is down.
func (s *soak) move(host int) func() {
	p := s.end(host, syscall.SIGKILL)
	return func() {
		s.changeAddress(host, p)
		s.restart(p)
	}
}

// forget lets another agent forget the victim while it is down.
func (s *soak) forget(host int) func() {
	p := s.end(host, syscall.SIGKILL)
	_, err := s.on(s.healthy(host)).client.Forget(context.Background(), p.name, true)
	if err != nil {
		s.odd = append(s.odd, fmt.Sprintf("%s cannot be forgotten: %v", p.name, err))
	}
	return func() { s.restart(p) }
}

func (s *soak) freeze(host int) func() {
	p := s.on(host)
	p.signal(syscall.SIGSTOP)
	return func() { p.signal(syscall.SIGCONT) }
}

func (s *soak) starve(host int) func() { return s.on(host).starve(5) }

func (s *soak) unplug(host int) func() {
	s.run("ip -n HUB link set vI down", host)
	return func() { s.run("ip -n HUB link set vI up", host) }
}

func (s *soak) flood(host int) func() {
	return s.startFlood(s.healthy(host), s.on(host).bind()+":4327", 5000)
}

// unread opens a stream of events and takes none of them.
func (s *soak) unread(host int) func() {
	ctx, cancel := context.WithCancel(context.Background())
	begun := make(chan struct{})
	go func() {
		close(begun)
		for range s.on(host).client.Events(ctx, api.EventsRequest{Snapshot: true}) {
			<-ctx.Done()
		}
	}()
	<-begun
	return cancel
}

// duplicateName starts a second agent with the victim's name on a healthy host. It must be refused.
func (s *soak) duplicateName(host int) func() {
	home, name := s.healthy(host), s.on(host).name
	var seeds []string
	for range 3 {
		seeds = append(seeds, "--join", s.on(s.healthy(host)).bind())
	}
	code, out := s.impostor(30*time.Second, home, name, seeds...)
	if code != cli.ExitFailed || !bytes.Contains(out, []byte("is held by a live agent")) {
		s.odd = append(s.odd, fmt.Sprintf("a second agent named %s was not refused: exit code %d: %s", name, code, out))
	}
	return func() {}
}
