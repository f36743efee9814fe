package agent

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"heartsay/agent/internal/discovery"
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
	s.Add(localapi.Route{Path: "/v1/sd/prometheus", Query: discovery.TargetParameters, Answer: func(r *http.Request) (any, error) {
		return discovery.Targets(source{a}, r.URL.Query())
	}})
}

// source hands out what those who look for members are told.
type source struct{ agent *Agent }

func (s source) Snapshot() (*discovery.Snapshot, error) {
	newest, err := s.agent.Snapshot()
	if err == nil {
		err = newest.Ready
	}
	if err != nil {
		return nil, err
	}
	return &discovery.Snapshot{Cluster: s.agent.cfg.Cluster, Self: s.agent.cfg.Name, Seq: newest.Seq, Views: newest.Views,
		Isolated: newest.Isolated}, nil
}
