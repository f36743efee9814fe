package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestFramesFollowEachOtherOnAStream(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	large := bytes.Repeat([]byte("0123456789abcdef"), (MaxFrame-e.Overhead())/16)
	sent := [][]byte{{}, []byte("hello"), make([]byte, frameStart), large, []byte("bye")}
	var stream bytes.Buffer
	for _, payload := range sent {
		if err := WriteFrame(&stream, e, payload); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range []io.Reader{bytes.NewReader(stream.Bytes()), iotest.HalfReader(bytes.NewReader(stream.Bytes()))} {
		for _, want := range sent {
			if got, err := ReadFrame(r, e); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("reader %d: a frame of %d bytes was read as %d bytes, %v", i, len(want), len(got), err)
			}
		}
		if _, err := ReadFrame(r, e); err != io.EOF {
			t.Errorf("reader %d: the end between two frames gives %v: want io.EOF itself", i, err)
		}
	}
}

// R15.
func TestFrameTooLargeIsNotWritten(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	var out bytes.Buffer
	if err := WriteFrame(&out, e, make([]byte, MaxFrame-e.Overhead())); err != nil {
		t.Errorf("the largest payload: %v", err)
	}
	out.Reset()
	err := WriteFrame(&out, e, make([]byte, MaxFrame-e.Overhead()+1))
	if err == nil || out.Len() > 0 {
		t.Errorf("one byte more: error %v, %d bytes written", err, out.Len())
	}
}

func TestFrameCutAtAnyOffsetIsAnError(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	var stream bytes.Buffer
	if err := WriteFrame(&stream, e, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for n := 1; n < stream.Len(); n++ {
		_, err := ReadFrame(bytes.NewReader(stream.Bytes()[:n]), e)
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("cut after %d bytes: %v: want io.ErrUnexpectedEOF", n, err)
		}
	}
}

// R15: A port scanner, a browser or a monitor on the gossip port must be told apart at once, while the other end is still
// waiting for an answer and sends nothing more.
func TestForeignBytesOnAStreamAreRefusedAtOnce(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	for _, c := range []struct{ rule, bytes, reason, says string }{
		{"HTTP", "GET ", "length", "HTTP"},
		{"TLS", "\x16\x03\x01\x02", "length", "TLS"},
		{"SSH", "SSH-", "length", "SSH"},
		{"DNS over TCP", "\x00\x1d\xab\xcd\x01\x00\x00\x01", "length", "not heartsay"},
		{"a length that could be ours, and then something else", "\x00\x00\x00\x40\x01\x00\x00\x01", "magic", "not heartsay"},
		{"length 0", "\x00\x00\x00\x00", "length", "not heartsay"},
		{"a length below any envelope's", "\x00\x00\x00\x1d", "length", "not heartsay"},
		{"a length above the bound", "\x00\x10\x00\x01", "length", "not heartsay"},
		{"length 2^31", "\x80\x00\x00\x00", "length", "not heartsay"},
		{"length 2^32-1", "\xff\xff\xff\xff", "length", "not heartsay"},
		{"another format", "\x00\x00\x00\x40hs\x02\x02", "format", "another version"},
		{"a packet's envelope", "\x00\x00\x00\x40hs\x01\x01", "class", "packet"},
	} {
		silent, w := io.Pipe()
		go func() { _, _ = w.Write([]byte(c.bytes)) }() // and then nothing, without an end
		_, err := ReadFrame(silent, e)
		if reasonOf(err) != c.reason || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want the reason %q, and that it says %q", c.rule, err, c.reason, c.says)
		}
		_ = silent.Close()
	}
}

// R15: A header claims the largest frame and little of it comes: what was set aside for it must be little too.
func TestLengthThatIsOnlyClaimedCostsNoMemory(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	const streams = 100
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range streams {
		head := binary.BigEndian.AppendUint32(nil, MaxFrame)
		head = append(head, "hs\x01\x02 and then silence"...)
		if _, err := ReadFrame(bytes.NewReader(head), e); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("a frame that ends early gives %v", err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / streams; each > 2*frameStart {
		t.Errorf("a claimed length costs %d bytes: at most %d were expected, for 23 bytes that came", each, 2*frameStart)
	}
}

func TestFrameErrorsNameTheCause(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	a, b := net.Pipe()
	_ = b.Close()
	if err := WriteFrame(a, e, nil); !errors.Is(err, io.ErrClosedPipe) || !strings.HasPrefix(err.Error(), "write frame: ") {
		t.Errorf("write to a closed stream: %v", err)
	}
	broken := errors.New("cable cut")
	if _, err := ReadFrame(iotest.ErrReader(broken), e); !errors.Is(err, broken) {
		t.Errorf("read from a broken stream: %v", err)
	}
	var other bytes.Buffer
	_ = WriteFrame(&other, NewEnvelope("staging", 1), nil)
	if _, err := ReadFrame(&other, e); reasonOf(err) != "cluster" {
		t.Errorf("another cluster's frame: %v", err)
	}
}

func FuzzReadFrame(f *testing.F) {
	e := NewEnvelope("prod", testBoot)
	var good bytes.Buffer
	_ = WriteFrame(&good, e, []byte("hello"))
	f.Add(good.Bytes())
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("\x00\x10\x00\x00hs\x01\x02"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, err := ReadFrame(bytes.NewReader(b), e)
		if err == nil && len(payload) > len(b) {
			t.Fatalf("%d bytes hold a payload of %d", len(b), len(payload))
		}
	})
}
