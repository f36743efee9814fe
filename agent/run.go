package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/api"
)

// Ready is what an agent says of itself when it has started.
type Ready struct{ Name, Gossip, API, Cluster string }

// Run runs an agent until ctx ends, or until it was told to leave over its API; it leaves the cluster then and returns
// nil. It calls ready once, when gossip and API are served. The error is a [*ConfigError] when cfg is wrong, a
// [*ConflictError] when another live agent holds the name, or says what could not be opened.
func Run(ctx context.Context, cfg Config, log hclog.Logger, ready func(Ready)) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	path, err := api.SocketPath(cfg.API)
	if err != nil {
		return &ConfigError{err}
	}
	listener, err := ListenSocket(path)
	if err != nil {
		return err
	}
	defer listener.Close()
	a, err := open(cfg, log)
	if err != nil {
		return err
	}
	err = a.serve(ctx, listener, ready)
	if closeErr := a.Close(); err == nil && closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
		log.Warn("close agent", "error", closeErr)
	}
	return err
}

// open opens what the agent needs and starts it.
func open(cfg Config, log hclog.Logger) (*Agent, error) {
	wire, err := Listen(cfg.Bind, log)
	if err != nil {
		return nil, err
	}
	if !cfg.Advertise.IsValid() {
		var note string
		cfg.Advertise, note, err = AdvertiseAddress(wire.Local(), hostAddresses)
		if err != nil {
			return nil, errors.Join(err, wire.Close())
		}
		if note != "" {
			log.Info("advertised address was chosen", "address", cfg.Advertise, "reason", note)
		}
	}
	var state *StateFile
	if cfg.StateDir != "" {
		if state, err = OpenStateFile(cfg.StateDir, cfg.Name, cfg.Cluster); err != nil {
			return nil, errors.Join(err, wire.Close())
		}
	} else {
		log.Info("nothing is kept over a restart, since no state folder is given")
	}
	a, err := Start(cfg, Parts{Wire: wire, State: state, Log: log})
	if err != nil {
		err = errors.Join(err, wire.Close())
		if state != nil {
			err = errors.Join(err, state.Close())
		}
		return nil, err
	}
	return a, nil
}

// serve serves the API until the agent is to end, and leaves.
func (a *Agent) serve(ctx context.Context, listener net.Listener, ready func(Ready)) error {
	leaveAsked := make(chan struct{})
	server := NewServer(&backend{Agent: a, socket: a.cfg.API, leave: sync.OnceFunc(func() { close(leaveAsked) })}, a.log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	self := a.engineAddress()
	ready(Ready{Name: a.cfg.Name, Gossip: self, API: a.cfg.API, Cluster: a.cfg.Cluster})
	a.log.Info("agent started", "name", a.cfg.Name, "gossip", self, "api", a.cfg.API, "cluster", a.cfg.Cluster)

	var err error
	select {
	case <-ctx.Done():
		a.log.Info("leaving the cluster")
		if _, leaveErr := a.Leave(context.Background()); leaveErr != nil {
			a.log.Warn("leave", "error", leaveErr)
		}
	case <-leaveAsked:
		a.log.Info("left the cluster, as asked over the API")
	case <-a.ending.Done():
		err = context.Cause(a.ending)
		a.log.Error("agent stops", "reason", err)
	case err = <-served:
		err = fmt.Errorf("serve API: %w", err)
	}
	if closeErr := server.Close(); closeErr != nil {
		a.log.Debug("close API", "error", closeErr)
	}
	return err
}

func (a *Agent) engineAddress() (address string) {
	_ = a.do(a.ending, func(time.Time) { address = a.engine.Self().Record.Address.String() })
	return address
}
