package discovery

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"heartsay/agent/addr"
	"heartsay/api"
	"heartsay/membership"
)

// targetsQuery is what a GET of /v1/sd/prometheus asks for.
type targetsQuery struct {
	wanted
	port    uint16 // of the targets; 0: see portTag
	portTag string // tag that holds a member's port; "": the gossip address
}

// Targets answers Prometheus' http_sd. What it tells of a member is encoded once, for all who ask, and once more when the
// member has changed. It is safe for concurrent use.
type Targets struct {
	source Source

	mu     sync.Mutex
	labels map[string]labels // by name of the member
}

// labels are those of one member as JSON.
type labels struct {
	record *membership.Record
	state  membership.State
	json   []byte
}

// NewTargets returns what answers from source.
func NewTargets(source Source) *Targets { return &Targets{source: source, labels: map[string]labels{}} }

// List returns the list that is asked for by values: one group for each member that is wanted. The error, an [*api.Error],
// says what is wrong with values, or why there is no list to rely on.
func (t *Targets) List(values url.Values) (io.WriterTo, error) {
	q, err := parseTargetsQuery(values)
	if err != nil {
		return nil, err
	}
	s, err := t.source.Snapshot()
	if err != nil {
		return nil, err
	}
	views, err := q.find(s)
	if err != nil {
		return nil, err
	}
	t.forget(len(s.Views))
	return &targetList{t, q, s.Cluster, views}, nil
}

// forget drops all labels when those of members that are gone could be most of them.
func (t *Targets) forget(members int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.labels) > 2*members+16 {
		clear(t.labels)
	}
}

// of returns the labels of a member as JSON. The caller must not change it.
func (t *Targets) of(cluster string, v membership.View) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.labels[v.Record.Name]; known.record == v.Record && known.state == v.State {
		return known.json, nil
	}
	data, err := json.Marshal(metaLabels(cluster, v))
	if err != nil {
		return nil, fmt.Errorf("encode the labels of %s: %w", v.Record.Name, err)
	}
	t.labels[v.Record.Name] = labels{v.Record, v.State, data}
	return data, nil
}

// targetList is the list that Prometheus reads [https://prometheus.io/docs/prometheus/latest/http_sd/]: groups of targets
// and labels.
type targetList struct {
	of      *Targets
	query   targetsQuery
	cluster string
	views   []membership.View
}

// WriteTo writes the list as JSON, group by group. A member whose tag names no port is left out.
func (l *targetList) WriteTo(w io.Writer) (written int64, err error) {
	before := "["
	for _, v := range l.views {
		target, ok := l.query.target(v)
		if !ok {
			continue
		}
		labels, err := l.of.of(l.cluster, v)
		if err != nil {
			return written, err
		}
		for _, part := range [][]byte{fmt.Appendf(nil, `%s{"targets":["%s"],"labels":`, before, target), labels, []byte("}")} {
			n, err := w.Write(part)
			if written += int64(n); err != nil {
				return written, err
			}
		}
		before = ","
	}
	end := "]"
	if before == "[" {
		end = "[]"
	}
	n, err := io.WriteString(w, end)
	return written + int64(n), err
}

// TargetParameters are the query parameters that [Targets.List] reads.
var TargetParameters = []string{"state", "tag", "port", "port_tag"}

// parseTargetsQuery returns what values ask for. Without a state it is all members but those who left: the dead stay
// targets, so that their up is 0 and somebody is told, until they are forgotten.
func parseTargetsQuery(values url.Values) (q targetsQuery, err error) {
	q.states = append(present(), membership.Dead)
	if words := values["state"]; len(words) > 0 {
		q.states = nil
		for _, word := range words {
			state, err := parseState(word)
			if err != nil {
				return q, api.BadRequest("%v", err)
			}
			q.states = append(q.states, state)
		}
	}
	for _, text := range values["tag"] {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return q, api.BadRequest("query parameter tag is %q: write KEY=VALUE", text)
		}
		q.tags = append(q.tags, membership.Tag{Key: key, Value: value})
	}
	return q, q.parsePort(values)
}

func (q *targetsQuery) parsePort(values url.Values) error {
	switch {
	case len(values["port"]) > 1 || len(values["port_tag"]) > 1:
		return api.BadRequest("query parameter port or port_tag is repeated")
	case values.Has("port") && values.Has("port_tag"):
		return api.BadRequest("query parameters port and port_tag exclude each other")
	case values.Has("port"):
		port, ok := addr.ParsePort(values.Get("port"))
		if !ok {
			return api.BadRequest("query parameter port is %q: write 1 to 65535", values.Get("port"))
		}
		q.port = port
	case values.Has("port_tag"):
		if q.portTag = values.Get("port_tag"); q.portTag == "" {
			return api.BadRequest("query parameter port_tag is empty: name a tag")
		}
	}
	return nil
}

// portOf returns the port that a tag of a member names, and whether it names one.
func portOf(v membership.View, tag string) (uint16, bool) {
	value, _ := v.Record.Tags.Get(tag)
	return addr.ParsePort(value)
}

// target returns what is scraped of a member; false when its tag names no port.
func (q targetsQuery) target(v membership.View) (target netip.AddrPort, ok bool) {
	target = v.Record.Address
	port := q.port
	if q.portTag != "" {
		if port, ok = portOf(v, q.portTag); !ok {
			return target, false
		}
	}
	if port > 0 {
		target = netip.AddrPortFrom(target.Addr(), port)
	}
	return target, true
}

// metaLabels returns what Prometheus may make labels of. It drops those that no rule keeps.
func metaLabels(cluster string, v membership.View) map[string]string {
	const prefix = "__meta_heartsay_"
	labels := map[string]string{
		prefix + "cluster": cluster, prefix + "name": v.Record.Name, prefix + "state": v.State.String(),
		prefix + "address": v.Record.Address.String(), prefix + "zone": v.Record.Zone, prefix + "build": v.Record.Build,
	}
	for _, t := range v.Record.Tags {
		labels[prefix+"tag_"+labelName(t.Key)] = t.Value
	}
	return labels
}

// labelName returns key with every byte that a label may not have as "_".
func labelName(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, key)
}
