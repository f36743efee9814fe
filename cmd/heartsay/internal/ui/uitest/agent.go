package uitest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

// Agent serves what an agent with many members would, on a Unix socket, in the true shapes of the API. What it
// says is a function of the time, so that the same moment looks the same.
type Agent struct {
	t      *testing.T
	path   string
	server *http.Server

	mu      sync.Mutex
	epoch   string
	members []api.Member
	crashed map[string]time.Time // since when a member is silent
	events  []api.Event
	news    chan struct{}
	lose    bool // the next reader that comes back is told that events were lost
}

// NewAgent returns one with n members, which serves already.
func NewAgent(t *testing.T, n int) *Agent {
	t.Helper()
	f := &Agent{t: t, path: filepath.Join(clitest.SocketDir(t), "s"), epoch: "019a2b3c4d5e", news: make(chan struct{}),
		crashed: map[string]time.Time{}}
	began := time.Now().Add(-90 * time.Minute)
	for i := range n {
		role := []string{"web", "db", "cache", "queue"}[i%4]
		f.members = append(f.members, api.Member{
			Name: fmt.Sprintf("%s-%d", role, i/4+1), Address: fmt.Sprintf("10.0.%d.%d:4327", i/250, i%250+1),
			State: "alive", Incarnation: uint64(began.UnixMilli()) + uint64(i), Zone: []string{"east", "west", "north"}[i%3],
			Build: "heartsay 1.0", Tags: map[string]string{"role": role, "rack": fmt.Sprint("r", i%12)},
			Timeout: 2600 * time.Millisecond, SuspectTimeout: 1900 * time.Millisecond, Since: began.Add(time.Duration(i) * 211 * time.Millisecond),
		})
	}
	f.serve()
	t.Cleanup(f.Stop)
	return f
}

func (f *Agent) URL() string { return "unix://" + f.path }

// serve begins to serve, again after stop.
func (f *Agent) serve() {
	f.t.Helper()
	l, err := net.Listen("unix", f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/members", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		json.NewEncoder(w).Encode(f.View(time.Now()))
	})
	mux.HandleFunc("GET /v1/self", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		json.NewEncoder(w).Encode(f.Self(time.Now()))
	})
	mux.HandleFunc("GET /v1/events", f.stream)
	f.server = &http.Server{Handler: mux}
	go f.server.Serve(l)
}

// Stop ends the server with all its streams.
func (f *Agent) Stop() {
	f.server.Close()
	os.Remove(f.path)
}

// Restart makes the next life of the agent.
func (f *Agent) Restart() {
	f.mu.Lock()
	f.epoch, f.events = "019a2b3c4d5f", nil
	f.mu.Unlock()
	f.serve()
}

// LoseEvents ends all streams, and tells the next reader that events were lost.
func (f *Agent) LoseEvents() {
	f.mu.Lock()
	f.lose = true
	f.mu.Unlock()
	f.server.Close()
	f.serve()
}

// Start returns where the events of the agent begin.
func (f *Agent) Start() api.Cursor { return api.Cursor{Epoch: f.epoch} }

// Silence makes a member silent since a moment.
func (f *Agent) Silence(name string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed[name] = at
}

// Publish sends an event with the state that a member has now.
func (f *Agent) Publish(name string) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.View(now).Members {
		if m.Name == name {
			f.Emit(api.Event{Time: now, Type: m.State.Event(), Member: m, Reason: fmt.Sprintf("silent for %.3fs", m.Silence.Seconds())})
		}
	}
}

// Emit adds an event; the caller holds the lock.
func (f *Agent) Emit(e api.Event) {
	e.Epoch, e.Seq = f.epoch, uint64(len(f.events)+1)
	f.events = append(f.events, e)
	close(f.news)
	f.news = make(chan struct{})
}

// Set changes a member.
func (f *Agent) Set(name string, change func(*api.Member)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.members {
		if f.members[i].Name == name {
			change(&f.members[i])
			return
		}
	}
	f.t.Fatalf("no member is called %q", name)
}

// View returns the members at now; the caller holds the lock.
func (f *Agent) View(now time.Time) api.Members {
	v := api.Members{Cluster: "shop", Self: "web-1", Members: make([]api.Member, len(f.members))}
	for i, m := range f.members {
		m.Heartbeat = uint64(now.Sub(time.UnixMilli(int64(m.Incarnation))) / (250 * time.Millisecond))
		m.Silence, m.Phi = usualSilence(m.Name, now)
		if at, ok := f.crashed[m.Name]; !ok {
			m.Timeout += time.Duration(m.Phi * 5e7) // what is learned wavers
		} else if now.After(at) {
			m.Silence = now.Sub(at)
			m.Phi = 12 * math.Pow(m.Silence.Seconds()/m.Timeout.Seconds(), 1.4)
			switch {
			case m.Silence >= m.Timeout:
				m.State, m.Since = "dead", at.Add(m.Timeout)
			case m.Silence >= m.SuspectTimeout:
				m.State, m.Since = "suspect", at.Add(m.SuspectTimeout)
			}
		}
		if m.State == "left" || i == 0 {
			m.Phi, m.Silence = 0, 0
		}
		direct := now.Add(-m.Silence).Truncate(4 * time.Second)
		m.LastDirect = &direct
		v.Members[i] = m
	}
	return v
}

// usualSilence returns the silence of a member that is well, and its Φ: mostly little, now and then some more.
func usualSilence(name string, now time.Time) (silence time.Duration, phi float64) {
	h := fnv.New64a()
	fmt.Fprint(h, name, now.Unix())
	x := h.Sum64()
	x = (x ^ x>>31) * 0x9e3779b97f4a7c15 // neighbouring seconds shall differ in their high bits too
	u := float64(x>>40) / (1 << 24)
	phi = -math.Log10(1 - u*0.9999)
	return time.Duration((0.1 + phi*0.28) * 1e9), phi
}

// Self returns the agent at now; the caller holds the lock.
func (f *Agent) Self(now time.Time) api.Self {
	tried := now.Add(-40 * time.Second)
	s := api.Self{
		Cluster: "shop", Name: "web-1", Address: "10.0.0.1:4327", Bind: "10.0.0.1:4327", API: f.URL(), Profile: "lan",
		Interval: 250 * time.Millisecond, Fanout: 1, Detector: "logistic", SuspectPhi: 8, DeadPhi: 12, Zone: "east", PID: 4711,
		Tags: map[string]string{"role": "web"}, Build: "heartsay 1.0", Protocol: 1, Started: now.Add(-90 * time.Minute),
		Epoch: f.epoch, LastSeq: uint64(len(f.events)), States: map[api.State]int{}, StateFile: "/var/lib/heartsay/web-1.state",
		Seeds:    []api.Seed{{Address: "db-1.shop.internal", Joined: true, LastTried: &tried}},
		Counters: map[string]uint64{"packets_sent": 43211, "packets_received": 43177, "engine_stale": 12},
	}
	for _, m := range f.View(now).Members {
		s.States[m.State]++
	}
	return s
}

// stream serves the events like the agent does.
func (f *Agent) stream(w http.ResponseWriter, r *http.Request) {
	next, after := 0, r.URL.Query().Get("after")
	f.mu.Lock()
	reset := api.Event{Epoch: f.epoch, Seq: uint64(len(f.events)), Time: time.Now(), Type: api.EventReset,
		Reason: "asked for", Members: f.View(time.Now()).Members}
	epoch, lost := f.epoch, f.lose
	f.lose = false
	f.mu.Unlock()
	switch {
	case r.URL.Query().Get("snapshot") == "true":
		next = int(reset.Seq)
		json.NewEncoder(w).Encode(reset)
	case lost, len(after) < len(epoch) || after[:len(epoch)] != epoch:
		next, reset.Reason = int(reset.Seq), "events were lost"
		if !lost {
			reset.Reason = "the cursor is of another life of this agent"
		}
		json.NewEncoder(w).Encode(reset)
	default:
		fmt.Sscan(after[len(epoch)+1:], &next)
	}
	for {
		f.mu.Lock()
		events, news := f.events[next:], f.news
		f.mu.Unlock()
		for _, e := range events {
			json.NewEncoder(w).Encode(e)
		}
		next += len(events)
		w.(http.Flusher).Flush()
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}
