// Package agent runs one member of a cluster with what belongs to it: sockets, keys, a state file, programs and webhooks
// that are told of events, the local API, and answers to Prometheus and DNS.
//
// The member itself is a [node.Node]; package agent puts it together with its parts and endpoints (wiring.go, run.go, endpoints.go),
// and changes all of them at once when the configuration is read again (reload.go). Nothing here touches the engine.
//
// Programs embed an agent by [Open], ask it by [Agent.Members] and follow it by [Agent.Follow]; the example shows two
// in one program. A program that brings its own transport and keys embeds a [node.Node] alone. To use an agent that runs
// beside the program, see package api.
package agent

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/handlers"
	"heartsay/agent/internal/discovery"
	"heartsay/agent/internal/localapi"
	"heartsay/agent/keyring"
	"heartsay/agent/node"
	"heartsay/agent/seal"
	"heartsay/agent/transport"
)

// Agent is one running member with its endpoints. Its methods are safe for concurrent use.
type Agent struct {
	*node.Node

	cfg        Config // at the start; see Config for what it is now
	log        hclog.Logger
	configured configured
	transport  *transport.Transport
	filter     *packetFilter                // of the transport
	sealer     *seal.Sealer                 // nil without a key
	mixed      *seal.Mixed                  // nil unless what is plain is accepted beside what is sealed
	keys       atomic.Pointer[keyring.Keys] // what the sealer has now; nil without a key
	reloading  sync.Mutex                   // held while the key file is read again
	handlers   *handlers.Runners
	metrics    *metrics
	server     *localapi.Server              // of the local API, also when nobody listens
	told       atomic.Pointer[told]          // what those who look for members are told, see source
	dns        atomic.Pointer[discovery.DNS] // nil while DNS is not served
	endpoints  sync.WaitGroup                // goroutines of endpoints, and the one that watches the address
	address    atomic.Pointer[advertised]    // what is known of the advertised one; nil when it is not watched
}

// Close stops the agent at once, without a goodbye, and returns when nothing of it runs any more.
func (a *Agent) Close() error {
	a.handlers.Close()
	err := a.Node.Close()
	a.endpoints.Wait()
	return errors.Join(err, a.server.Close())
}

// Handler returns the local API, for a program that mounts it in a server of its own: all calls, at the paths that they
// have on the socket, /v1/members and so on. It does not ask who calls: anybody who reaches it may change the agent, so the
// program guards it. A stream of events takes its connection over, which HTTP/2 does not allow. A call to leave ends the
// agent, see [Node.Done].
func (a *Agent) Handler() http.Handler { return a.server.Routes() }

// errLeft ends an agent that was told to leave over its API.
var errLeft = errors.New("the agent left the cluster, as asked over its API")

// Config returns the configuration that the agent runs with now. The caller must not change what it refers to.
func (a *Agent) Config() Config { return *a.configured.live.Load() }
