package discovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"heartsay/membership"
)

// FuzzTargetQueries reads what follows the question mark of a request for targets.
func FuzzTargetQueries(f *testing.F) {
	for _, seed := range []string{
		"", "state=alive&state=dead", "tag=role=db&port=80", "port_tag=http", "port=65536", "tag==", "token=x", ";", "state=\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		q, err := parseTargetsQuery(values)
		if err == nil && (len(q.states) == 0 || q.port != 0 && q.portTag != "") {
			t.Fatalf("%q asks for targets of no state, or of two ports: %+v", query, q)
		}
	})
}

// tagged is a cluster of n members with tags of 4 KiB each.
func tagged(n int) *Snapshot {
	s := &Snapshot{Cluster: "c", Self: "w0"}
	for i := range n {
		v := seen(fmt.Sprintf("w%d", i), fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), membership.Alive)
		for k := range 32 {
			v.Record.Tags = append(v.Record.Tags, membership.Tag{Key: fmt.Sprintf("k%02d", k), Value: strings.Repeat("v", 124)})
		}
		s.Views = append(s.Views, v)
	}
	return s
}

func TestHostile18TargetsAreEncodedOnceForAllWhoAsk(t *testing.T) {
	s := tagged(400)
	targets := NewTargets(told{snapshot: s})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var written int64
	const times = 30
	for range times {
		list, err := targets.List(url.Values{})
		if err != nil {
			t.Fatal(err)
		}
		if written, err = list.WriteTo(io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if got := int64(after.TotalAlloc - before.TotalAlloc); got > 10*written {
		t.Errorf("%d lists of %d bytes cost %d bytes of memory: want what a few cost", times, written, got)
	}
}

func TestTargetsOfAMemberThatChangedAreEncodedAnew(t *testing.T) {
	s := tagged(2)
	targets := NewTargets(told{snapshot: s})
	list := func(query url.Values) string {
		l, err := targets.List(query)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := l.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		var groups []struct {
			Targets []string
			Labels  map[string]string
		}
		if err := json.Unmarshal(out.Bytes(), &groups); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		var all []string
		for _, g := range groups {
			all = append(all, g.Labels["__meta_heartsay_name"]+" "+g.Targets[0]+" "+g.Labels["__meta_heartsay_state"]+" "+
				g.Labels["__meta_heartsay_tag_role"])
		}
		return strings.Join(all, ", ")
	}
	if got, want := list(nil), "w0 10.0.0.0:1 alive , w1 10.0.0.1:1 alive "; got != want {
		t.Errorf("the targets are %q, want %q", got, want)
	}
	changed := *s.Views[1].Record
	changed.Tags = membership.NewTags(map[string]string{"role": "db"})
	s.Views[1].Record, s.Views[0].State = &changed, membership.Suspect
	if got, want := list(url.Values{"port": {"9100"}}), "w0 10.0.0.0:9100 suspect , w1 10.0.0.1:9100 alive db"; got != want {
		t.Errorf("the targets are %q, want %q", got, want)
	}
	if got := list(url.Values{"port_tag": {"nosuch"}}); got != "" {
		t.Errorf("the targets with a port that nobody has are %q", got)
	}
}
