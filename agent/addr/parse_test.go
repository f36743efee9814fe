package addr

import (
	"strings"
	"testing"
)

func TestBindTakesAnIPWithOrWithoutAPort(t *testing.T) {
	for in, want := range map[string]string{
		"127.0.0.1":              "127.0.0.1:4327",
		"127.0.0.1:80":           "127.0.0.1:80",
		"10.0.0.7:0":             "10.0.0.7:0",
		"0.0.0.0":                "0.0.0.0:4327",
		"::":                     "[::]:4327",
		"::1":                    "[::1]:4327",
		"[::1]":                  "[::1]:4327",
		"[::1]:5000":             "[::1]:5000",
		"[2001:db8::7]:65535":    "[2001:db8::7]:65535",
		"::ffff:10.0.0.7":        "10.0.0.7:4327",
		"[::ffff:10.0.0.7]:4000": "10.0.0.7:4000",
	} {
		got, err := ParseBind(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseBind(%q) = %v, %v: an operator who writes that means %s", in, got, err, want)
		}
	}
}

// A bind address that is not understood would be listened on at every interface, so each must be refused, with
// words that help.
func TestBindRefusesWhatIsNotOneIP(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "the IP is missing",
		":4327":                   "the IP is missing",
		"localhost":               "write 127.0.0.1",
		"localhost:4327":          "write 127.0.0.1",
		"LOCALHOST":               "write 127.0.0.1",
		"db.example.com:1":        "names are not taken here",
		"127.0.0.l":               "is not an IP",
		"256.1.1.1:1":             "is not an IP",
		"10.1:4327":               "is not an IP",
		"010.0.0.1":               "is not an IP",
		"*:4327":                  "is not an IP",
		" 10.0.0.1":               "is not an IP",
		"10.0.0.1\n":              "is not an IP",
		"a:b:c":                   "is not an IP",
		"[::1":                    "neither ip:port nor [ip]:port",
		"[::1]4327":               "neither ip:port nor [ip]:port",
		"[]:1":                    "the IP is missing",
		"127.0.0.1:65536":         `port "65536" is not a number from 0 to 65535`,
		"127.0.0.1:-1":            `port "-1" is not a number`,
		"127.0.0.1:":              `port "" is not a number`,
		"127.0.0.1:http":          `port "http" is not a number`,
		"fe80::1%eth0":            `zone "eth0"`,
		"[fe80::1%eth0]:1":        `zone "eth0"`,
		"224.0.0.1":               "not the address of one host",
		"[ff02::1]:1":             "not the address of one host",
		"255.255.255.255:1":       "not the address of one host",
		"::ffff:224.0.0.1":        "not the address of one host",
		strings.Repeat("1", 1000): "is not an IP",
	} {
		got, err := ParseBind(in)
		if err == nil || got.IsValid() {
			t.Errorf("ParseBind(%q) = %v, %v: it must be refused", in, got, err)
		} else if !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "bind address \"") {
			t.Errorf("ParseBind(%q): error %q does not say %q and what it is about", in, err, want)
		}
	}
}

func TestAdvertiseRefusesWhatNobodyCanReach(t *testing.T) {
	for in, want := range map[string]string{
		"0.0.0.0":        "unspecified",
		"[::]:4327":      "unspecified",
		"::ffff:0.0.0.0": "unspecified",
		"10.0.0.7:0":     "port 0",
		"localhost":      "write 127.0.0.1",
		"fe80::1%eth0":   "zone",
		"239.1.1.1:1":    "not the address of one host",
	} {
		if got, err := ParseAdvertise(in); err == nil || got.IsValid() || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseAdvertise(%q) = %v, %v: it must be refused and say %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{"10.0.0.7": "10.0.0.7:4327", "[2001:db8::7]:1": "[2001:db8::7]:1"} {
		if got, err := ParseAdvertise(in); err != nil || got.String() != want {
			t.Errorf("ParseAdvertise(%q) = %v, %v: want %s", in, got, err, want)
		}
	}
}

func FuzzParseAddresses(f *testing.F) {
	for _, s := range []string{"", "localhost", "[::1]:1", "10.0.0.1:99999", "fe80::1%eth0", "a.b.c:1", "[::ffff:1.2.3.4]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseBind(s); err == nil {
			if again, err := ParseBind(a.String()); err != nil || again != a {
				t.Errorf("ParseBind(%q) = %s, which reads as %s, %v", s, a, again, err)
			}
		}
		if a, err := ParseAdvertise(s); err == nil && CheckReachable(a) != nil {
			t.Errorf("ParseAdvertise(%q) = %s, where nobody can be reached", s, a)
		}
		if seed, err := ParseSeed(s); err == nil {
			if again, err := ParseSeed(seed.String()); err != nil || again != seed {
				t.Errorf("ParseSeed(%q) = %s, which reads as %s, %v", s, seed, again, err)
			}
		}
	})
}

func TestParseListenTakesAPortAloneForLoopback(t *testing.T) {
	for text, want := range map[string]string{
		"9100": "127.0.0.1:9100", ":9100": "127.0.0.1:9100", "0": "127.0.0.1:0", "10.0.0.1:9100": "10.0.0.1:9100",
		"[::1]:53": "[::1]:53", "0.0.0.0:53": "0.0.0.0:53",
	} {
		if got, err := ParseListen(text); err != nil || got.String() != want {
			t.Errorf("%q is %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "localhost:9100", "65536", "10.0.0.1", "example.com:1", "10.0.0.1:x", "-1", ":"} {
		if got, err := ParseListen(text); err == nil {
			t.Errorf("%q is taken as %s", text, got)
		}
	}
}
