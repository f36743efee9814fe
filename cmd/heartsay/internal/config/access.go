package config

import (
	"errors"
	"net/netip"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
)

// setAccess sets who may talk to the agent: the networks of its gossip, and the address of its API over TCP.
func setAccess(l *cli.Line, cfg *agent.Config) error {
	var faults []error
	for _, s := range l.Strings("allow") {
		network, err := parseNetwork(s)
		if err != nil {
			faults = append(faults, cli.UsageError("%s %q: write a network like 10.0.0.0/8 or an address", l.Origin("allow"), s))
			continue
		}
		cfg.Allow = append(cfg.Allow, network)
	}
	if !l.IsSet("api-tcp") {
		return errors.Join(faults...)
	}
	a, err := netip.ParseAddrPort(l.String("api-tcp"))
	if err != nil {
		faults = append(faults, cli.UsageError("%s %q: write IP:PORT, like 127.0.0.1:4328", l.Origin("api-tcp"),
			l.String("api-tcp")))
	}
	cfg.APITCP = a
	return errors.Join(faults...)
}

// parseNetwork returns the network that s writes, or that of the one address that it writes. IPv4 written as IPv6 comes
// back as IPv4, as addresses are compared.
func parseNetwork(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
