package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"heartsay/agent/seal"
)

// starve gives a process a share of its processor, in percent, by stopping it most of each tenth of a second. The
// returned function ends that.
func (p *process) starve(percent int) (stop func()) {
	const cycle = 100 * time.Millisecond
	end := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		on := cycle * time.Duration(percent) / 100
		defer func() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }()
		for {
			_ = p.cmd.Process.Signal(syscall.SIGSTOP)
			select {
			case <-time.After(cycle - on):
			case <-end:
				return
			}
			_ = p.cmd.Process.Signal(syscall.SIGCONT)
			time.Sleep(on)
		}
	})
	return func() { close(end); running.Wait() }
}

// hold lets a host open so many streams to an address and say nothing on them. The returned function ends that.
func (h *hosts) hold(host int, to string, streams int) (stop func()) {
	h.t.Helper()
	return h.start(host, "hold", to, strconv.Itoa(streams))
}

// startFlood lets a host send so many packets a second to an address. The returned function ends that.
func (h *hosts) startFlood(host int, to string, rate int) (stop func()) {
	h.t.Helper()
	return h.start(host, "flood", to, strconv.Itoa(rate))
}

// start runs a program on a host until the returned function is called.
func (h *hosts) start(host int, words ...string) (stop func()) {
	h.t.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", h.namespace(host)}, words...)...)
	if err := cmd.Start(); err != nil {
		h.t.Fatalf("start %s: %v", words[0], err)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// hold is a program: it opens streams to an address, each again when it is closed, and says nothing, until it is killed.
func hold() {
	streams, _ := strconv.Atoi(os.Args[2])
	for range streams {
		go func() {
			for range time.Tick(100 * time.Millisecond) {
				if c, err := net.DialTimeout("tcp", os.Args[1], time.Second); err == nil {
					_, _ = c.Read(make([]byte, 1))
					_ = c.Close()
				}
			}
		}()
	}
	select {}
}

// flood is a program: it sends packets to an address until it is killed, so many a second; half are noise, and half
// are in an envelope of the cluster but hold no message.
func flood() {
	rate, _ := strconv.Atoi(os.Args[2])
	conn, err := net.Dial("udp", os.Args[1])
	if err != nil || rate <= 0 {
		fmt.Fprintln(os.Stderr, "flood:", err, "rate", rate)
		os.Exit(1)
	}
	envelope := seal.NewEnvelope("heartsay", rand.Uint64())
	noise := make([]byte, 400)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	noise[0], noise[1] = 1, 1 // version and kind of a message
	sealed := envelope.Seal(nil, seal.ClassPacket, noise)
	const tick = 10 * time.Millisecond
	for range time.Tick(tick) {
		for i := range max(1, rate/int(time.Second/tick)) {
			packet := noise
			if i%2 == 0 {
				packet = sealed
			}
			_, _ = conn.Write(packet) // refused while nobody listens
		}
	}
}
