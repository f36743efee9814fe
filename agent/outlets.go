package agent

import (
	"errors"
	"fmt"
	"heartsay/agent/addr"
	"net"

	"golang.org/x/net/netutil"
)

// outlets are what an agent opens besides its gossip and the socket of its API, when it is asked to: a port for scrapes,
// one for DNS, a file. All of them are opened before the agent joins, so that a wrong one is found before anybody
// relies on it.
type outlets struct {
	scrapes net.Listener
	scraped *scrapeServer
	dns     *dnsServer
	file    *fileWriter
}

// scrapeConns is how many connections the port for scrapes has at a time.
const scrapeConns = 64

// openOutlets opens what cfg asks for.
func openOutlets(cfg Config) (*outlets, error) {
	o := new(outlets)
	err := o.open(cfg)
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *outlets) open(cfg Config) (err error) {
	if cfg.Metrics.IsValid() {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(cfg.Metrics))
		if err != nil {
			return fmt.Errorf("listen for scrapes on %s: %w", cfg.Metrics, err)
		}
		o.scrapes = netutil.LimitListener(l, scrapeConns)
	}
	if cfg.DNS.IsValid() {
		if o.dns, err = listenDNS(cfg.DNS); err != nil {
			return err
		}
	}
	if cfg.WriteFile != "" {
		t, err := parseTemplate(cfg.Template)
		if err != nil {
			return err
		}
		if o.file, err = openFileWriter(cfg.WriteFile, t, cfg.WriteExec); err != nil {
			return err
		}
	}
	return nil
}

// serve serves a by all outlets. What fails ends the agent. The routes are those of server.
func (o *outlets) serve(a *Agent, server *Server) {
	if o.scrapes != nil {
		address, _ := addr.Of(o.scrapes.Addr())
		o.scraped = newScrapeServer(server, address, a.log)
		go func() {
			if err := o.scraped.serve(o.scrapes); err != nil {
				a.Stop(err)
			}
		}()
	}
	if o.dns != nil {
		zone, _ := checkZone(a.cfg.DNSZone)
		count := func(rcode string) { a.metrics.answers.WithLabelValues(rcode).Inc() }
		o.dns.serve(dnsZone{zone, a.cfg.Name, a.Snapshot}, count, func(err error) { a.Stop(err) })
	}
	if o.file != nil {
		a.endpoints.Go(func() { a.keepFile(o.file) })
	}
}

// addresses returns where scrapes and DNS are served, "" for what is not.
func (o *outlets) addresses() (scrapes, dns string) {
	if o.scrapes != nil {
		address, _ := addr.Of(o.scrapes.Addr())
		scrapes = address.String()
	}
	if o.dns != nil {
		dns = o.dns.address.String()
	}
	return scrapes, dns
}

// close closes the ports. The file stays.
func (o *outlets) close() error {
	var faults []error
	if o.scraped != nil {
		faults = append(faults, o.scraped.http.Close())
	} else if o.scrapes != nil {
		faults = append(faults, o.scrapes.Close())
	}
	if o.dns != nil {
		faults = append(faults, o.dns.close())
	}
	return errors.Join(faults...)
}

// operators returns what is wrong with what the configuration asks the outlets for.
func (c Config) operators() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	_, ok := checkZone(c.DNSZone)
	check(ok || !c.DNS.IsValid(), "DNS zone %q is not the name of a domain: write one like heartsay.internal", c.DNSZone)
	check(c.WriteFile == "" || c.Template != "", "a file to write is given without a template: say what to write into it")
	check(c.WriteFile != "" || c.Template == "", "a template is given without a file to write")
	check(c.WriteFile != "" || c.WriteExec == "", "a command to run after a write is given without a file to write")
	if c.Template != "" {
		_, err := parseTemplate(c.Template)
		check(err == nil, "%w", err)
	}
	return errors.Join(faults...)
}
