package localapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// pipes is a listener for callers in the same process, who can be in virtual time.
type pipes struct {
	calls chan net.Conn
	shut  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{calls: make(chan net.Conn), shut: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.shut:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.shut) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.calls <- far
	return near
}

// serveVirtually serves b in virtual time and hands a caller to f.
func serveVirtually(t *testing.T, b *fakeBackend, f func(s *Server, l *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b.ring = eventlog.NewRing(16, "e1")
		s, l := New(b, hclog.NewNullLogger()), newPipes()
		go s.Serve(l)
		f(s, l)
		if err := s.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
}

// ask sends a request for events and reads the head of the answer.
func ask(t *testing.T, conn net.Conn, query string, header ...string) *bufio.Reader {
	t.Helper()
	fmt.Fprintf(conn, "GET /v1/events%s HTTP/1.1\r\nHost: heartsay\r\n%s\r\n", query, strings.Join(header, "\r\n"))
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("events%s is answered with %+v, %v", query, response, err)
	}
	return bufio.NewReader(response.Body)
}

func TestQuietStreamShowsEveryTenSecondsThatItLives(t *testing.T) {
	for header, want := range map[string]string{"": "\n", "Accept: text/event-stream\r\n": ": keep-alive\n"} {
		b := &fakeBackend{}
		serveVirtually(t, b, func(_ *Server, l *pipes) {
			conn := l.dial()
			defer conn.Close()
			in := ask(t, conn, "?type=dead", header)
			begin := time.Now()
			for n := range 3 {
				line, err := in.ReadString('\n')
				if line == "\n" && want != "\n" { // ends the comment before
					line, err = in.ReadString('\n')
				}
				if line != want || err != nil {
					t.Fatalf("the quiet stream says %q, %v, want %q", line, err, want)
				}
				if after := time.Since(begin); after != time.Duration(n+1)*10*time.Second {
					t.Errorf("sign of life %d came after %s, want one every 10s", n+1, after)
				}
				b.ring.Append(api.Event{Type: "join"}) // which this reader did not ask for: it stays quiet
			}
		})
	}
}

func TestReaderThatHangsUpIsNoticedAtTheNextSignOfLife(t *testing.T) {
	b := &fakeBackend{}
	serveVirtually(t, b, func(s *Server, l *pipes) {
		conn := l.dial()
		ask(t, conn, "")
		if n := s.Readers().Open; n != 1 {
			t.Errorf("%d streams are open, want 1", n)
		}
		conn.Close()
		time.Sleep(keepAlive)
		synctest.Wait()
		if n := s.Readers().Open; n != 0 {
			t.Errorf("%d streams are open 10s after the reader hung up, want 0", n)
		}
	})
}

func TestReaderThatTakesNothingForTenSecondsIsDisconnected(t *testing.T) {
	b := &fakeBackend{}
	serveVirtually(t, b, func(s *Server, l *pipes) {
		conn := l.dial()
		defer conn.Close()
		ask(t, conn, "")
		b.ring.Append(api.Event{Type: "join"})
		time.Sleep(writeTime - time.Millisecond)
		synctest.Wait()
		if n := s.Readers().Open; n != 1 {
			t.Errorf("%d streams are open before the time is up, want 1", n)
		}
		time.Sleep(time.Millisecond + lastTime)
		synctest.Wait()
		if got := s.Readers(); got.Open != 0 || got.Slow != 1 {
			t.Errorf("the counts are %+v after the time is up, want none open and one that was slow", got)
		}
	})
}

// stuckReader returns a caller that asks for events and takes none.
func (f *fixture) stuckReader(t *testing.T, query string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", f.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /v1/events%s HTTP/1.1\r\nHost: heartsay\r\n\r\n", query)
	return conn
}

// await waits for what other goroutines do.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
	}
}

func TestSlowReaderIsToldWhyItIsDisconnected(t *testing.T) {
	for _, size := range []int{10, 1000, 20_000, 60_000} {
		f := startServer(t, &fakeBackend{ring: eventlog.NewRing(1<<16, "e1")}, func(s *Server) { s.writeTime = 50 * time.Millisecond })
		conn := f.stuckReader(t, "?after=e1:0")
		for range 2_000_000 / size {
			f.backend.ring.Append(api.Event{Type: "update", Reason: strings.Repeat("x", size)})
		}
		await(t, "the slow reader is given up", func() bool { return f.server.Readers().Slow == 1 })
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Errorf("the stream of a slow reader ends with %v, want a plain end", err)
		}
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		for i, line := range lines[:len(lines)-1] {
			var e api.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq != uint64(i+1) {
				t.Fatalf("line %d of what the slow reader got is not event %d: %.80q, %v", i+1, i+1, line, err)
			}
		}
		var end api.StreamEnd
		err = json.Unmarshal([]byte(lines[len(lines)-1]), &end)
		if err != nil || end.Code != api.CodeTooSlow || end.Type != "end" || end.Seq != uint64(len(lines)-1) {
			t.Errorf("the last line is %.200q, want that it was too slow, and to go on after %d", lines[len(lines)-1], len(lines)-1)
		}
	}
}

func TestResetThatASlowReaderDoesNotTakeBreaksOff(t *testing.T) {
	huge := []api.Member{{Name: strings.Repeat("x", 4<<20)}}
	b := &fakeBackend{view: func() []api.Member { return huge }}
	f := startServer(t, b, func(s *Server) { s.writeTime = 50 * time.Millisecond })
	conn := f.stuckReader(t, "?snapshot=true")
	await(t, "the slow reader is given up", func() bool { return f.server.Readers().Slow == 1 })
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a reset ends with %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestStuckReaderNeverDelaysAnother(t *testing.T) {
	f := startServer(t, &fakeBackend{ring: eventlog.NewRing(1<<16, "e1")}, func(s *Server) { s.writeTime = time.Hour })
	for range 10 {
		f.stuckReader(t, "?after=e1:0")
	}
	r := f.read(t, "")
	const events = 10_000 // with 1,000 bytes each, far more than a socket holds
	for range events {
		f.backend.ring.Append(api.Event{Type: "update", Reason: strings.Repeat("x", 1000)})
	}
	for seq := uint64(1); seq <= events; seq++ {
		if e := r.next(); e.Seq != seq {
			t.Fatalf("beside stuck readers, the event after %d is %s %d", seq-1, e.Type, e.Seq)
		}
	}
	if got := f.server.Readers(); got.Open != 11 || got.Slow != 0 {
		t.Errorf("the counts are %+v, want eleven open streams, ten of them stuck", got)
	}
}

func TestReadersAreBoundedAndTheNextOneIsToldSo(t *testing.T) {
	f := startServer(t, &fakeBackend{}, func(s *Server) { s.readers.max = 2 })
	first := f.stuckReader(t, "")
	f.read(t, "")
	await(t, "two streams are open", func() bool { return f.server.Readers().Open == 2 })
	status, body := f.do(t, "GET", "/v1/events", "")
	wantError(t, "a third reader", status, body, 503, api.CodeUnavailable, "as many programs")
	first.Close()
	await(t, "its room is free again", func() bool { f.happen("join"); return f.server.Readers().Open == 1 })
	f.read(t, "")
}

func TestHTTP10ReaderGetsAStreamWithoutChunks(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	conn, err := net.Dial("unix", f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /v1/events HTTP/1.0\r\n\r\n")
	in := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		if line, err = in.ReadString('\n'); err != nil || strings.HasPrefix(line, "Transfer-Encoding") {
			t.Fatalf("the head has the line %q, %v", line, err)
		}
	}
	f.happen("dead")
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"epoch":"e1","seq":1,`) {
		t.Errorf("the first line is %q, %v, want event 1", line, err)
	}
}

// Readers that hang up and come back at random times, to a ring that is too small for those who are away for long: what
// each has seen is without a hole and without a duplicate, or a reset stands in its place.
func TestReadersThatComeAndGoUnderChurnMissNothingUnsaid(t *testing.T) {
	const readers, events = 20, 3000
	f := startServer(t, &fakeBackend{ring: eventlog.NewRing(300, "e1")})
	var seen, resets, furthest atomic.Uint64
	var wg sync.WaitGroup
	for n := range readers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 0))
			for seq := uint64(0); seq < events; {
				r := f.read(t, fmt.Sprintf("?after=e1:%d", seq))
				for patience := rng.IntN(500) + 1; patience > 0 && seq < events; patience-- {
					e := r.next()
					if e.Seq != seq+1 && (e.Type != api.EventReset || e.Seq < seq) {
						t.Errorf("reader %d got %s %d after event %d", n, e.Type, e.Seq, seq)
						return
					}
					if seq = e.Seq; e.Type == api.EventReset {
						resets.Add(1)
					}
					seen.Add(1)
					for at := furthest.Load(); at < seq && !furthest.CompareAndSwap(at, seq); at = furthest.Load() {
					}
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(99, 0))
	for last := uint64(0); last < events; {
		n := min(rng.Uint64N(100)+1, events-last)
		f.backend.ring.Append(make([]api.Event, n)...)
		last += n
		await(t, "somebody keeps up", func() bool { return furthest.Load()+50 >= last || last < 300 })
	}
	wg.Wait()
	if seen.Load() < events || resets.Load() > seen.Load()/10 {
		t.Errorf("%d events were seen, %d of them resets: the readers did not follow", seen.Load(), resets.Load())
	}
}

// Measured: the memory that one more idle reader costs the agent, with what its own end of the socket costs the test.
func TestReadersWhoIdleCostLittleAndAllFiveThousandHearTheNextEvent(t *testing.T) {
	const n = 5000
	f := startServer(t, &fakeBackend{})
	before := memory()
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = f.stuckReader(t, "")
	}
	await(t, "all are heard", func() bool {
		f.server.readers.mu.Lock()
		defer f.server.readers.mu.Unlock()
		return len(f.server.readers.streams) == n
	})
	runtime.GC() // what net/http needed to take the calls is given back, in two steps
	each := (memory() - before) / n
	t.Logf("each of %d idle readers costs %d bytes", n, each)
	if each > 16<<10 {
		t.Errorf("an idle reader costs %d bytes, want no more than 16 KiB", each)
	}
	f.happen("dead")
	for i, conn := range conns {
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(r.Body).ReadString('\n'); err != nil || !strings.Contains(line, `"dead"`) {
			t.Fatalf("reader %d got %q, %v, want the event", i, line, err)
		}
	}
}

// memory returns the bytes of heap and stacks that are in use.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
