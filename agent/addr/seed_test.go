package addr

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
)

var _ Resolver = (*net.Resolver)(nil)

func TestSeedTakesIPsAndNames(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.7":             "10.0.0.7:4327",
		"10.0.0.7:5000":        "10.0.0.7:5000",
		"[2001:db8::7]:5000":   "[2001:db8::7]:5000",
		"[2001:db8::7]":        "[2001:db8::7]:4327",
		"2001:DB8::7":          "[2001:db8::7]:4327",
		"::ffff:10.0.0.7":      "10.0.0.7:4327",
		"db1":                  "db1:4327",
		"localhost:1":          "localhost:1",
		"Seed.Example.COM:80":  "seed.example.com:80",
		"seed.example.com.":    "seed.example.com.:4327",
		"my_service:4327":      "my_service:4327",
		"3com.example":         "3com.example:4327",
		"heartsay-0.hs.ns.svc": "heartsay-0.hs.ns.svc:4327",
	} {
		got, err := ParseSeed(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseSeed(%q) = %v, %v: want %s", in, got, err, want)
			continue
		}
		if again, err := ParseSeed(got.String()); err != nil || again != got {
			t.Errorf("seed %s reads back as %v, %v: the state file holds what String writes", got, again, err)
		}
	}
}

func TestSeedRefusesWhatCannotBeJoined(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "host is missing",
		":4327":                          "host is missing",
		"db1:0":                          "port 0",
		"db1:70000":                      "is not a number",
		"db1:":                           "is not a number",
		"0.0.0.0":                        "unspecified",
		"224.0.0.1:1":                    "not the address of one host",
		"[fe80::1%eth0]:1":               "zone",
		"10.0.0.256":                     "does not end in a number",
		"10.0.0:1":                       "does not end in a number",
		"db..example":                    "is empty",
		".example":                       "is empty",
		".":                              "is empty",
		"-db":                            "hyphen",
		"db-.example":                    "hyphen",
		"db 1":                           "not allowed",
		"db/1":                           "not allowed",
		"db\n1":                          "not allowed",
		"\x1b[31mdb":                     "not allowed",
		"tür":                            "not allowed",
		"http://db1:80":                  "neither",
		strings.Repeat("a", 64) + ".com": "at most 63",
		strings.Repeat("ab.", 90) + "cd": "at most 253",
	} {
		got, err := ParseSeed(in)
		if err == nil || !strings.Contains(err.Error(), want) || got != (Seed{}) {
			t.Errorf("ParseSeed(%q) = %v, %v: it must be refused and say %q", in, got, err, want)
		} else if strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("ParseSeed(%q): the error carries control characters of the input: %q", in, err)
		}
	}
}

// names answers look-ups from a map.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	if network != "ip" {
		return nil, fmt.Errorf("asked for %q, which leaves out a family", network)
	}
	answer, ok := n[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var ips []netip.Addr
	for _, s := range answer {
		ips = append(ips, netip.MustParseAddr(s))
	}
	return ips, nil
}

// R11.
func TestSeedResolvesToSortedAddressesEachOnce(t *testing.T) {
	dns := names{"db": {"2001:db8::7", "10.0.0.9", "::ffff:10.0.0.7", "10.0.0.9", "0.0.0.0", "ff02::1"}, "void": {"::"}}
	got, err := Seed{"db", 5}.Resolve(t.Context(), dns)
	if want := "[10.0.0.7:5 10.0.0.9:5 [2001:db8::7]:5]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("resolve = %v, %v: want %s", got, err, want)
	}
	got, err = Seed{"10.0.0.7", 5}.Resolve(t.Context(), nil)
	if err != nil || fmt.Sprint(got) != "[10.0.0.7:5]" {
		t.Errorf("resolve an IP = %v, %v: it is its own answer, without a resolver", got, err)
	}
	_, err = Seed{"gone", 5}.Resolve(t.Context(), dns)
	if dnsErr := (*net.DNSError)(nil); !errors.As(err, &dnsErr) || !strings.HasPrefix(err.Error(), "resolve seed gone:5: ") {
		t.Errorf("resolve a missing name: error %v does not name the seed and the cause", err)
	}
	if got, err = (Seed{"void", 5}).Resolve(t.Context(), dns); err == nil || len(got) != 0 {
		t.Errorf("resolve a name without a usable address = %v, %v: want an error", got, err)
	}
}
