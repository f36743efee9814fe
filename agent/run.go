package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/localapi"
	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/ports"
	"heartsay/api"
)

// Ready is what an agent says of itself when it has started.
type Ready struct {
	Name, Gossip, API, Cluster string
	Metrics, DNS               string // "": not served
	Agent                      *Agent // lives until Run returns
}

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
	listener, err := localapi.ListenSocket(path)
	var place *localapi.PlaceError
	if errors.As(err, &place) {
		return &ConfigError{err}
	}
	if err != nil {
		return err
	}
	defer listener.Close()
	endpoints, err := openEndpoints(cfg)
	if err != nil {
		return err
	}
	defer endpoints.close()
	tcp, tokens, err := listenTCP(cfg)
	if err != nil {
		return err
	}
	if tcp != nil {
		defer tcp.Close()
	}
	a, err := Open(cfg, log)
	if err != nil {
		return err
	}
	err = a.serve(ctx, listener, tcp, tokens, endpoints, ready)
	a.handlers.Finish(finishTime)
	if closeErr := a.Close(); err == nil && closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
		log.Warn("close agent", "error", closeErr)
	}
	return err
}

// serve serves the API until the agent is to end, and leaves.
func (a *Agent) serve(ctx context.Context, listener *localapi.Socket, tcp *ports.Listener, tokens localapi.Tokens,
	endpoints *endpoints, ready func(Ready)) error {
	endpoints.serve(a, a.server)
	served := make(chan error, 2)
	go func() { served <- a.server.Serve(listener) }()
	a.endpoints.Go(func() { a.keepSocket(listener) })
	if tcp != nil {
		go func() { served <- a.server.ServeTCP(tcp, tokens) }()
		a.log.Info("API is served over TCP", "address", tcp.Addr())
	}
	self := a.Address()
	r := Ready{Name: a.cfg.Name, Gossip: self, API: a.cfg.API, Cluster: a.cfg.Cluster, Agent: a}
	r.Metrics, r.DNS = endpoints.addresses()
	ready(r)
	a.log.Info("agent started", "name", r.Name, "gossip", self, "api", r.API, "cluster", r.Cluster,
		"metrics", r.Metrics, "dns", r.DNS)

	var err error
	select {
	case <-ctx.Done():
		a.log.Info("leaving the cluster")
		if _, leaveErr := a.Leave(context.Background()); leaveErr != nil {
			a.log.Warn("leave", "error", leaveErr)
		}
	case <-a.Done():
		if err = a.Err(); errors.Is(err, errLeft) {
			err = nil
			a.log.Info("left the cluster, as asked over the API")
		} else {
			a.log.Error("agent stops", "reason", err)
		}
	case err = <-served:
		err = fmt.Errorf("serve API: %w", err)
	}
	if closeErr := a.server.Close(); closeErr != nil {
		a.log.Debug("close API", "error", closeErr)
	}
	return err
}

// socketEvery is how often the agent looks whether the socket of its API is still there.
const socketEvery = 5 * time.Second

// keepSocket makes the socket of the API again whenever somebody has removed it, until the agent ends.
func (a *Agent) keepSocket(s *localapi.Socket) {
	var fault ratelimit.Lasting
	look := time.NewTicker(socketEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-a.Done():
			return
		}
		made, err := s.Restore()
		switch {
		case err != nil && fault.Fails(time.Now()):
			a.log.Error("socket of the API was removed and cannot be made again, is tried until that works", "socket", s.Addr(), "error", err)
		case err == nil && (fault.Succeeds() || made):
			a.log.Warn("socket of the API was removed and is made again", "socket", s.Addr())
		}
	}
}

// listenTCP opens the address of the API over TCP, if there is to be one, and reads its tokens.
func listenTCP(cfg Config) (l *ports.Listener, tokens localapi.Tokens, err error) {
	if !cfg.APITCP.IsValid() {
		return nil, tokens, nil
	}
	if tokens, err = readTokens(cfg.TokenFile, cfg.ReadTokenFile); err != nil {
		return nil, tokens, &ConfigError{err}
	}
	if l, err = localapi.ListenTCP(cfg.APITCP); err != nil {
		return nil, tokens, fmt.Errorf("serve the API over TCP: %w: choose another address with --api-tcp", bareNetError(err))
	}
	return l, tokens, nil
}

// bareNetError returns the cause of an error of a socket with the address, without the words of package net.
func bareNetError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Addr, op.Err)
	}
	return err
}
