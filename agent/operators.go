package agent

import (
	"context"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"heartsay/agent/internal/discovery"
	"heartsay/agent/internal/localapi"
	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/node"
)

// serveOperators adds to s what monitoring and orchestration ask an agent for, before it serves. All of it is read from
// the newest snapshot.
func (a *Agent) serveOperators(s *localapi.Server) {
	s.Add(localapi.Route{Path: "/readyz", Answer: func(r *http.Request) (any, error) {
		return map[string]string{"status": "ok"}, a.Ready(r.Context())
	}})
	gathered := ratelimit.NewShared(func(context.Context) ([]*dto.MetricFamily, error) { return a.metrics.registry.Gather() })
	scrapes := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return gathered.Get(context.Background()) })
	s.Add(localapi.Route{Path: "/metrics", Handler: promhttp.HandlerFor(scrapes, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true,
	})})
	targets := discovery.NewTargets(source{a})
	s.Add(localapi.Route{Path: "/v1/sd/prometheus", Query: discovery.TargetParameters, Large: func(r *http.Request) (io.WriterTo, error) {
		return targets.List(r.URL.Query())
	}})
}

// source hands out what those who look for members are told. All who ask for the newest snapshot get the same one.
type source struct{ agent *Agent }

// told is what was handed out last.
type told struct {
	of       *node.Snapshot
	snapshot *discovery.Snapshot
}

func (s source) Snapshot() (*discovery.Snapshot, error) {
	newest, err := s.agent.Snapshot()
	if err == nil {
		err = newest.Ready
	}
	if err != nil {
		return nil, err
	}
	last := s.agent.told.Load()
	if last == nil || last.of != newest {
		last = &told{newest, &discovery.Snapshot{Cluster: s.agent.cfg.Cluster, Self: s.agent.cfg.Name, Seq: newest.Seq,
			Views: newest.Views, Isolated: newest.Isolated}}
		s.agent.told.Store(last)
	}
	return last.snapshot, nil
}
