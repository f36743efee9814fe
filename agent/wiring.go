package agent

import (
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/handlers"
	"heartsay/agent/internal/eventlog"
	"heartsay/agent/internal/localapi"
	"heartsay/agent/node"
	"heartsay/agent/seal"
	"heartsay/agent/transport"
)

// Open starts an agent inside the calling program, as [Run] does but without a local API: it listens where cfg says,
// keeps its state where cfg says, joins by its seeds and calls its handlers. Ask it by its methods, and stop it by
// [Agent.Close], after [Agent.Leave] if others are to know. A nil log logs nothing.
//
// The error is a [*ConfigError] when cfg is wrong, or says what could not be opened; then nothing runs.
func Open(cfg Config, log hclog.Logger) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = hclog.NewNullLogger()
	}
	t, err := transport.Listen(cfg.Bind, log)
	if err != nil {
		return nil, err
	}
	survey := addr.Look(cfg.Join)
	told, err := addr.Advertise(cfg.Advertise, t.Local(), survey)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	cfg.Advertise = told.Address
	file, err := openStateFile(cfg, log)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	a, err := newAgent(cfg, t, file, nil, log)
	if err != nil {
		err = errors.Join(err, t.Close())
		if file != nil {
			err = errors.Join(err, file.Close())
		}
		return nil, err
	}
	a.watchAddress(told, survey)
	return a, nil
}

// openStateFile opens the state file, nil when none is to be kept.
func openStateFile(cfg Config, log hclog.Logger) (node.State, error) {
	if cfg.StateDir == "" {
		log.Info("nothing is kept over a restart, since no state folder is given")
		return nil, nil
	}
	return node.OpenState(cfg.StateDir, cfg.Name, cfg.Cluster)
}

// newAgent puts an agent together around its parts and starts it. The error says what is wrong with cfg or with the
// state; then nothing runs, and the parts are the caller's as they were.
func newAgent(cfg Config, t *transport.Transport, file node.State, resolver addr.Resolver, log hclog.Logger) (*Agent, error) {
	envelope, sealer, keys, err := cfg.envelopes()
	if err != nil {
		return nil, err
	}
	plans, err := cfg.handlers()
	if err != nil {
		return nil, &ConfigError{err}
	}
	a := &Agent{cfg: cfg, log: log, transport: t, filter: newPacketFilter(cfg.Allow, time.Now()), sealer: sealer}
	a.mixed, _ = envelope.(*seal.Mixed)
	a.configured.live.Store(&cfg)
	a.keys.Store(keys)
	a.metrics = newMetrics(a)
	t.SetFilter(a.filter) // before anything is read
	a.Node, err = node.Start(cfg.Config, node.Parts{
		Transport: t, Seal: envelope, State: file, Resolver: resolver, Log: log,
		Known: a.filter.know, Observer: a.metrics,
	})
	if err != nil {
		t.SetFilter(nil)
		return nil, err
	}
	t.LimitPackets(max(cfg.MaxPacket, transport.DefaultMaxPacket)) // peers may be configured otherwise
	if sealer != nil {
		log.Info("gossip is sealed", "key", keys.Primary())
		a.endpoints.Go(func() { a.watchClocks(readClocks) })
	}
	if a.mixed != nil {
		a.endpoints.Go(a.warnOfPlain)
	}
	a.server = localapi.New(&backend{a}, log)
	a.serveOperators(a.server)
	a.handlers = handlers.NewRunners(a.Views(), log)
	a.handlers.Replace(plans, eventlog.View{}) // from the first event on
	return a, nil
}
