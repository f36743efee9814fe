package agent

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// operators answers what monitoring and orchestration ask an agent for. All of it is read from the lookout, except
// /livez, which asks the loop.
type operators struct {
	server *Server
	agent  *Agent
}

// scrapesAtOnce is how many scrapes are answered at a time; more are told to come again.
const scrapesAtOnce = 4

// ServeOperators adds the routes for monitoring and orchestration to s, before it serves.
func (s *Server) ServeOperators(a *Agent) {
	o := operators{s, a}
	s.routes["/readyz"] = route{http.MethodGet, nil, o.readyz}
	s.routes["/metrics"] = route{http.MethodGet, nil, o.metrics()}
	s.routes["/v1/sd/prometheus"] = route{http.MethodGet, []string{"state", "tag", "port", "port_tag"}, o.targets}
}

// readyz says whether others may rely on the agent's view.
func (o operators) readyz(w http.ResponseWriter, r *http.Request) {
	if err := o.agent.Ready(r.Context()); err != nil {
		o.server.refuse(w, err)
		return
	}
	o.server.answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (o operators) metrics() http.HandlerFunc {
	h := promhttp.HandlerFor(o.agent.metrics.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapesAtOnce, EnableOpenMetrics: true,
	})
	return func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(o.server.writeTime))
		h.ServeHTTP(w, r)
	}
}

// targets lists members for Prometheus' http_sd. An answer other than 200 makes it keep the list that it has.
func (o operators) targets(w http.ResponseWriter, r *http.Request) {
	query, err := parseTargetsQuery(r.URL.Query())
	if err != nil {
		o.server.refuse(w, err)
		return
	}
	s, err := o.agent.Snapshot()
	if err != nil {
		o.server.refuse(w, err)
		return
	}
	views, err := query.find(s)
	if err != nil {
		o.server.refuse(w, err)
		return
	}
	o.server.answer(w, http.StatusOK, query.groups(o.agent.cfg.Cluster, views))
}
