package agent

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"heartsay/agent/internal/localapi"
)

// scrapesAtOnce is how many scrapes are answered at a time; more are told to come again.
const scrapesAtOnce = 4

// serveOperators adds to s what monitoring and orchestration ask an agent for, before it serves. All of it is read from
// the newest snapshot.
func (a *Agent) serveOperators(s *localapi.Server) {
	s.Add(localapi.Route{Path: "/readyz", Answer: func(r *http.Request) (any, error) {
		return map[string]string{"status": "ok"}, a.Ready(r.Context())
	}})
	s.Add(localapi.Route{Path: "/metrics", Handler: promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapesAtOnce, EnableOpenMetrics: true,
	})})
	s.Add(localapi.Route{Path: "/v1/sd/prometheus", Query: []string{"state", "tag", "port", "port_tag"}, Answer: a.targets})
}

// targets lists members for Prometheus' http_sd. An answer other than 200 makes it keep the list that it has.
func (a *Agent) targets(r *http.Request) (any, error) {
	query, err := parseTargetsQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	s, err := a.Snapshot()
	if err != nil {
		return nil, err
	}
	views, err := query.find(s)
	if err != nil {
		return nil, err
	}
	return query.groups(a.cfg.Cluster, views), nil
}
