package discovery

import (
	"net/netip"
	"net/url"
	"strings"

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

// Targets returns the list that Prometheus' http_sd asks for by values: one group for each member that is wanted. The
// error, an [*api.Error], says what is wrong with values, or why there is no list to rely on.
func Targets(source Source, values url.Values) ([]TargetGroup, error) {
	q, err := parseTargetsQuery(values)
	if err != nil {
		return nil, err
	}
	s, err := source.Snapshot()
	if err != nil {
		return nil, err
	}
	views, err := q.find(s)
	if err != nil {
		return nil, err
	}
	return q.groups(s.Cluster, views), nil
}

// TargetParameters are the query parameters that [Targets] reads.
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

// TargetGroup is one element of the list that Prometheus reads
// [https://prometheus.io/docs/prometheus/latest/http_sd/].
type TargetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// groups returns a group for each member; one whose tag names no port is left out. The list is never nil.
func (q targetsQuery) groups(cluster string, views []membership.View) []TargetGroup {
	groups := []TargetGroup{}
	for _, v := range views {
		target := v.Record.Address
		port, ok := q.port, true
		if q.portTag != "" {
			port, ok = portOf(v, q.portTag)
		}
		if !ok {
			continue
		}
		if port > 0 {
			target = netip.AddrPortFrom(target.Addr(), port)
		}
		groups = append(groups, TargetGroup{[]string{target.String()}, metaLabels(cluster, v)})
	}
	return groups
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
