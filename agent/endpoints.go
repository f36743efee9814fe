package agent

import (
	"errors"
	"fmt"
	"syscall"

	"heartsay/agent/addr"
	"heartsay/agent/internal/discovery"
	"heartsay/agent/internal/localapi"
	"heartsay/agent/ports"
)

// endpoints are what an agent opens besides its gossip and the socket of its API, when it is asked to: a port for scrapes,
// one for DNS, a file. All of them are opened before the agent joins, so that a wrong one is found before anybody
// relies on it.
type endpoints struct {
	scrapes *ports.Listener
	dns     *discovery.DNS
	file    *discovery.File
}

// openEndpoints opens what cfg asks for.
func openEndpoints(cfg Config) (*endpoints, error) {
	o := new(endpoints)
	err := o.open(cfg)
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *endpoints) open(cfg Config) (err error) {
	if cfg.Metrics.IsValid() {
		if o.scrapes, err = localapi.ListenForScrapes(cfg.Metrics); err != nil {
			return elsewhere(err, "--metrics")
		}
	}
	if cfg.DNS.IsValid() {
		if o.dns, err = discovery.ListenDNS(cfg.DNS); err != nil {
			return elsewhere(err, "--dns")
		}
	}
	if cfg.WriteFile != "" {
		o.file, err = discovery.OpenFile(cfg.WriteFile, cfg.Template, cfg.WriteExec)
		if errors.Is(err, discovery.ErrNotRegular) {
			return &ConfigError{err}
		}
		return err
	}
	return nil
}

// elsewhere returns err with what to do when an address cannot be listened on that a flag gives.
func elsewhere(err error, flag string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: choose another port with %s, or stop what holds it", err, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: this host does not have the address: give one of its own with %s", err, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: choose a port above 1023 with %s", err, flag)
	}
	return err
}

// serve serves a by all endpoints. What fails ends the agent. The routes are those of server.
func (o *endpoints) serve(a *Agent, server *localapi.Server) {
	if o.scrapes != nil {
		go func() {
			if err := server.ServeScrapes(o.scrapes); err != nil {
				a.Stop(err)
			}
		}()
	}
	if o.dns != nil {
		zone, _ := discovery.CheckZone(a.cfg.DNSZone)
		count := func(rcode string) { a.metrics.answers.WithLabelValues(rcode).Inc() }
		a.dns.Store(o.dns)
		o.dns.Serve(zone, source{a}, count, func(err error) { a.Stop(err) })
	}
	if o.file != nil {
		count := func(result string) { a.metrics.writes.WithLabelValues(result).Inc() }
		upkeep := discovery.Upkeep{Source: source{a}, News: a.SnapshotNews(), Count: count, Log: a.log}
		a.endpoints.Go(func() { o.file.Keep(a.Context(), upkeep) })
	}
}

// addresses returns where scrapes and DNS are served, "" for what is not.
func (o *endpoints) addresses() (scrapes, dns string) {
	if o.scrapes != nil {
		address, _ := addr.Of(o.scrapes.Addr())
		scrapes = address.String()
	}
	if o.dns != nil {
		dns = o.dns.Address().String()
	}
	return scrapes, dns
}

// close closes the ports. The file stays.
func (o *endpoints) close() error {
	var faults []error
	if o.scrapes != nil {
		faults = append(faults, o.scrapes.Close())
	}
	if o.dns != nil {
		faults = append(faults, o.dns.Close())
	}
	return errors.Join(faults...)
}

// operators returns what is wrong with what the configuration asks the endpoints for.
func (c Config) operators() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	_, ok := discovery.CheckZone(c.DNSZone)
	check(ok || !c.DNS.IsValid(), "DNS zone %q is not the name of a domain: write one like heartsay.internal", c.DNSZone)
	check(c.WriteFile == "" || c.Template != "", "a file to write is given without a template: say what to write into it")
	check(c.WriteFile != "" || c.Template == "", "a template is given without a file to write")
	check(c.WriteFile != "" || c.WriteExec == "", "a command to run after a write is given without a file to write")
	if c.Template != "" {
		err := discovery.CheckTemplate(c.Template)
		check(err == nil, "%w", err)
	}
	return errors.Join(faults...)
}
