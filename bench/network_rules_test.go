package bench

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// onNetwork runs f on a network with transports at all its hosts.
func onNetwork(t *testing.T, size int, f func(t *testing.T, c *cluster, at []*carrier)) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{network: newNetwork(1, size)}
		var at []*carrier
		for i := range size {
			at = append(at, c.listen(i))
		}
		f(t, c, at)
		for _, tr := range at {
			_ = tr.Shutdown()
		}
		time.Sleep(time.Minute)
		c.network.close()
	})
}

// received empties the queue of a carrier.
func received(tr *carrier) (all []byte) {
	synctest.Wait()
	for {
		select {
		case p := <-tr.packets:
			all = append(all, p.Buf...)
		default:
			return all
		}
	}
}

func (t *carrier) mustSend(b []byte, to *carrier) {
	if _, err := t.WriteTo(b, to.host.address.String()); err != nil {
		panic(err)
	}
}

func TestPacketsTakeTheLatencyAndAreCounted(t *testing.T) {
	onNetwork(t, 2, func(t *testing.T, c *cluster, at []*carrier) {
		at[0].mustSend([]byte("hello"), at[1])
		time.Sleep(c.Latency - 1)
		if got := received(at[1]); len(got) > 0 {
			t.Errorf("%q came before the latency", got)
		}
		time.Sleep(c.Jitter + 1)
		if got := received(at[1]); string(got) != "hello" {
			t.Errorf("%q came in place of hello", got)
		}
		if want := (traffic{1, 5 + packetHeader, 0}); c.total() != want {
			t.Errorf("%+v was counted in place of %+v", c.total(), want)
		}
	})
}

func TestLossIsWhatWasAskedForInEachDirection(t *testing.T) {
	share := func(c *cluster, from, to *carrier) float64 {
		const n = 10000
		got := 0
		for range n {
			from.mustSend([]byte("x"), to)
			time.Sleep(10 * time.Microsecond)
			got += len(received(to))
		}
		time.Sleep(time.Second)
		return 1 - float64(got+len(received(to)))/n
	}
	near := func(got, want float64) bool { return got > want-0.03 && got < want+0.03 }
	onNetwork(t, 3, func(t *testing.T, c *cluster, at []*carrier) {
		c.lose(lossy{share: 0.1})
		c.loseAt([]int{1}, 0.8, 0)
		for _, l := range []struct {
			from, to int
			want     float64
		}{{0, 2, 0.1}, {0, 1, 0.82}, {1, 0, 0.1}} {
			if got := share(c, at[l.from], at[l.to]); !near(got, l.want) {
				t.Errorf("%.3f of the packets from %d to %d are lost, not %.2f", got, l.from, l.to, l.want)
			}
		}
		c.lose(lossy{})
		c.split(1)
		if got := share(c, at[0], at[1]); got != 1 {
			t.Errorf("%.3f of the packets between two sides are lost, not all", got)
		}
		c.split()
		if got := share(c, at[0], at[2]); got != 0 {
			t.Errorf("%.3f of the packets are lost on a good link", got)
		}
	})
}

func TestHeldMemberSendsAndReceivesLaterInOrder(t *testing.T) {
	onNetwork(t, 3, func(t *testing.T, c *cluster, at []*carrier) {
		c.Jitter = 0
		c.hold(1)
		for _, b := range []string{"1", "2", "3"} {
			at[2].mustSend([]byte(b), at[1])
		}
		go func() {
			for _, b := range []string{"1", "2", "3"} {
				at[1].mustSend([]byte(b), at[0])
			}
		}()
		time.Sleep(time.Second)
		if got := append(received(at[0]), received(at[1])...); len(got) > 0 {
			t.Errorf("%q passed a held member", got)
		}
		c.release(1)
		if got := received(at[1]); string(got) != "123" {
			t.Errorf("%q was received at the release in place of 123", got)
		}
		time.Sleep(c.Latency)
		if got := received(at[0]); string(got) != "123" {
			t.Errorf("%q was sent at the release in place of 123", got)
		}
	})
}

func TestHeldMemberKeepsNoMoreThanItsQueue(t *testing.T) {
	onNetwork(t, 2, func(t *testing.T, c *cluster, at []*carrier) {
		c.hold(1)
		for range queueLimit + 10 {
			at[0].mustSend([]byte("x"), at[1])
		}
		time.Sleep(time.Second)
		c.release(1)
		if got := len(received(at[1])); got != queueLimit || c.drops() != 10 {
			t.Errorf("%d packets were kept and %d dropped, not %d and 10", got, c.drops(), queueLimit)
		}
	})
}

// talk sends b over a stream and returns how long it took to be echoed.
func talk(t *testing.T, from, to *carrier, b []byte) time.Duration {
	began := time.Now()
	go func() {
		far := <-to.streams
		if far == nil {
			return
		}
		defer far.Close()
		got := make([]byte, len(b))
		if _, err := io.ReadFull(far, got); err == nil {
			_, _ = far.Write(got)
		}
	}()
	near, err := from.DialTimeout(to.host.address.String(), 10*time.Second)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer near.Close()
	if _, err := near.Write(b); err != nil {
		t.Fatalf("write: %v", err)
	}
	echo, err := io.ReadAll(near)
	if err != nil || !bytes.Equal(echo, b) {
		t.Errorf("%d bytes and %v came back of %d", len(echo), err, len(b))
	}
	return time.Since(began)
}

func TestStreamsDeliverAllInOrderWhateverIsLost(t *testing.T) {
	b := make([]byte, 100_000)
	for i := range b {
		b[i] = byte(i * 7)
	}
	onNetwork(t, 2, func(t *testing.T, c *cluster, at []*carrier) {
		if took := talk(t, at[0], at[1], b); took > 10*time.Millisecond {
			t.Errorf("an echo took %s on a good link", took)
		}
		segments := int64(2 * (100_000 + segmentSize - 1) / segmentSize)
		if want := 200_000 + segments*segmentHeader + streamSetup; abs(c.total().StreamBytes-want) > 2*segmentHeader {
			t.Errorf("%d bytes were counted, not about %d", c.total().StreamBytes, want)
		}
		c.lose(lossy{share: 0.3, spare: true})
		if took := talk(t, at[0], at[1], b); took > 10*time.Millisecond {
			t.Errorf("an echo took %s on a link that spares streams", took)
		}
		c.lose(lossy{share: 0.3})
		if took := talk(t, at[0], at[1], b); took < firstResend {
			t.Errorf("an echo took %s, which is too short for a segment to be sent again", took)
		}
	})
}

func abs(v int64) int64 { return max(v, -v) }

func TestStreamsOfAHeldMemberWait(t *testing.T) {
	onNetwork(t, 2, func(t *testing.T, c *cluster, at []*carrier) {
		c.hold(1)
		time.AfterFunc(3*time.Second, func() { c.release(1) })
		if took := talk(t, at[0], at[1], []byte("hello")); took < 3*time.Second {
			t.Errorf("a stream to a held member took %s: it was not held", took)
		}
		c.hold(0)
		time.AfterFunc(3*time.Second, func() { c.release(0) })
		if took := talk(t, at[0], at[1], []byte("hello")); took < 3*time.Second {
			t.Errorf("a stream of a held member took %s: it was not held", took)
		}
	})
}

func TestStreamsEndAsTheyShould(t *testing.T) {
	onNetwork(t, 3, func(t *testing.T, c *cluster, at []*carrier) {
		address := at[1].host.address.String()
		near, err := at[0].DialTimeout(address, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_ = near.SetDeadline(time.Now().Add(time.Second))
		began := time.Now()
		_, err = near.Read(make([]byte, 1))
		var timeout net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || time.Since(began) != time.Second {
			t.Errorf("a read with a deadline of a second ended after %s with %v", time.Since(began), err)
		}
		_ = near.SetDeadline(time.Time{})
		_ = at[1].Shutdown()
		if _, err = near.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("a read from a process that died ended with %v", err)
		}
		if _, err = at[0].DialTimeout(address, time.Second); err == nil {
			t.Error("a process that died took a stream")
		}
		c.loseAt([]int{2}, 1, 0)
		began = time.Now()
		_, err = at[0].DialTimeout(at[2].host.address.String(), 5*time.Second)
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 5*time.Second {
			t.Errorf("a dial to a deaf member ended after %s with %v", time.Since(began), err)
		}
	})
}
