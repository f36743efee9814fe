package transport

import (
	"log"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

// logEvery is the least time between two lines of the transport: anybody who can send it packets can make it
// complain.
const logEvery = time.Second

// logWriter is what memberlist's transport writes its log to. It turns the lines into the agent's own, and thins them.
type logWriter struct {
	log   hclog.Logger
	drops *drops

	mu         sync.Mutex
	last       time.Time // when the last line was passed on
	suppressed int       // lines not passed on since
}

func newLog(out hclog.Logger, drops *drops) *log.Logger {
	return log.New(&logWriter{log: out, drops: drops}, "", 0)
}

// Write passes one line on. It never fails.
func (l *logWriter) Write(line []byte) (int, error) {
	level, text := parseLine(string(line))
	if strings.Contains(text, "UDP packet too short") { // which an empty datagram is
		l.drops.packetEmpty.Add(1)
		return len(line), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.last.IsZero() && now.Sub(l.last) < logEvery {
		l.suppressed++
		return len(line), nil
	}
	l.log.Log(level, "transport reported", "text", text, "suppressed", l.suppressed)
	l.last, l.suppressed = now, 0
	return len(line), nil
}

// parseLine returns the level and the text of a line of memberlist, like "[ERR] memberlist: …". The text is
// escaped, because names that others chose may stand in it.
func parseLine(line string) (hclog.Level, string) {
	text, level := strings.TrimSpace(line), hclog.Info
	for _, known := range []struct {
		prefix string
		level  hclog.Level
	}{
		{"[ERR]", hclog.Error}, {"[ERROR]", hclog.Error}, {"[WARN]", hclog.Warn}, {"[INFO]", hclog.Info},
		{"[DEBUG]", hclog.Debug}, {"[TRACE]", hclog.Trace},
	} {
		if rest, ok := strings.CutPrefix(text, known.prefix); ok {
			text, level = strings.TrimSpace(rest), known.level
			break
		}
	}
	text = strings.TrimPrefix(text, "memberlist: ")
	return level, escapeControl(text)
}

// escapeControl returns s with everything that does not print, line ends, terminal sequences and marks of direction
// among it, and invalid UTF-8 written as Go would in a string.
func escapeControl(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if strconv.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(s[i : i+size])
		} else {
			quoted := strconv.Quote(s[i : i+size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}
