package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"reflect"
	"strings"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
)

// knob is one setting of the agent, declared once. The name of its flag is the key in a configuration file and names
// the environment variable; the help, the table of keys in the documents and "config show" follow from the flag and the
// field. The name is that of the field in agent.Config, see [agent.Config.Settings].
type knob struct {
	flag cli.Flag
	set  func(*cli.Line, *agent.Config) error // puts what the line says into the configuration; nil: it is not part of it
}

// fromProfile is what holds without a flag whose value each profile has its own of.
const fromProfile = "from the profile"

// of returns the knob of a field that has the type of its flag. What holds without it is the default of the field,
// unless the flag says otherwise.
func of[T any](flag cli.Flag, field func(*agent.Config) *T) knob {
	return knob{usual(flag, field), func(l *cli.Line, cfg *agent.Config) error {
		if value, fits := l.Value(flag).(T); fits && l.IsSet(flag.Name) {
			*field(cfg) = value
		}
		return nil
	}}
}

// parsed returns the knob of a field whose value parse makes of a text.
func parsed[T any](flag cli.Flag, field func(*agent.Config) *T, parse func(string) (T, error)) knob {
	return knob{usual(flag, field), func(l *cli.Line, cfg *agent.Config) error {
		if !l.IsSet(flag.Name) {
			return nil
		}
		value, err := parse(l.String(flag.Name))
		if err != nil {
			return cli.UsageError("%s: %v", l.Origin(flag.Name), err)
		}
		*field(cfg) = value
		return nil
	}}
}

// each returns the knob of a flag that may be given more than once. Add puts one value into the configuration.
func each(flag cli.Flag, add func(cfg *agent.Config, value string) error) knob {
	return knob{flag, func(l *cli.Line, cfg *agent.Config) error {
		var faults []error
		for _, value := range l.Strings(flag.Name) {
			if err := add(cfg, value); err != nil {
				faults = append(faults, cli.UsageError("%s: %v", l.Origin(flag.Name), err))
			}
		}
		return errors.Join(faults...)
	}}
}

// usual returns flag with the default of its field as what holds without it.
func usual[T any](flag cli.Flag, field func(*agent.Config) *T) cli.Flag {
	cfg, err := agent.DefaultConfig(usualProfile)
	if value := *field(&cfg); err == nil && !reflect.ValueOf(&value).Elem().IsZero() {
		flag.Otherwise = cmp.Or(flag.Otherwise, flag.Default, fmt.Sprint(value))
	}
	return flag
}

// Flags returns the flags of the agent: who it is, how it judges others, and how it runs.
func Flags() []cli.Flag {
	var flags []cli.Flag
	for _, k := range knobs() {
		flags = append(flags, k.flag)
	}
	return flags
}

// agentConfig returns the configuration that the flags describe: the profile's, with what was set in its place. All
// faults that can be seen here come back together; the agent finds the others.
func agentConfig(l *cli.Line) (agent.Config, error) {
	cfg, err := agent.DefaultConfig(l.String("profile"))
	if err != nil {
		return cfg, cli.UsageError("%s: %v", l.Origin("profile"), err)
	}
	cfg.Build = shortBuild()
	var faults []error
	for _, k := range knobs() {
		if k.set != nil {
			faults = append(faults, k.set(l, &cfg))
		}
	}
	return cfg, errors.Join(faults...)
}

// setName sets the name, by default the host's.
func setName(l *cli.Line, cfg *agent.Config) error {
	if l.IsSet("name") {
		cfg.Name = l.String("name")
		return nil
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return cli.UsageError("this host has no name: give the member one with --name")
	}
	cfg.Name = host
	return nil
}

// setTags sets the tags.
func setTags(l *cli.Line, cfg *agent.Config) error {
	tags, err := ParseTags(l.Origin("tag"), l.Strings("tag"))
	cfg.Tags = tags
	return err
}

// setAPI sets the address of the API, which has a default that depends on the user.
func setAPI(l *cli.Line, cfg *agent.Config) error {
	cfg.API = l.String("api")
	return nil
}

// addNetwork adds the network that s writes, or that of the one address that it writes. IPv4 written as IPv6 becomes
// IPv4, as addresses are compared.
func addNetwork(cfg *agent.Config, s string) error {
	network, err := netip.ParsePrefix(s)
	if ip, isAddress := netip.ParseAddr(s); isAddress == nil {
		network, err = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
	}
	if err != nil {
		return fmt.Errorf("%q is no network: write one like 10.0.0.0/8, or an address", s)
	}
	cfg.Allow = append(cfg.Allow, network)
	return nil
}

// parseTCP returns the address that s writes.
func parseTCP(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fmt.Errorf("%q is no address: write IP:PORT, like 127.0.0.1:4328", s)
	}
	return a, nil
}

// readTemplate returns text, or what the file holds that it names as @FILE.
func readTemplate(text string) (string, error) {
	path, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return text, nil
	}
	f, err := agent.OpenTrusted(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	return string(content), err
}

// ParseTags returns the tags that are written as KEY=VALUE each. What wrote them stands before each error.
func ParseTags(what string, pairs []string) (map[string]string, error) {
	tags := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, cli.UsageError("%s %q: write KEY=VALUE", what, pair)
		}
		if _, twice := tags[key]; twice {
			return nil, cli.UsageError("%s %q: the tag %q is given twice", what, pair, key)
		}
		tags[key] = value
	}
	return tags, nil
}
