package discovery

import (
	"net/url"
	"testing"
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
