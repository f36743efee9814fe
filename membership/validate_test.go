package membership_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/membership"
)

// record returns a record that is in order.
func record(name string) *membership.Record {
	return &membership.Record{
		Name: name, Incarnation: 1_767_225_600_000, Version: 1, Interval: 250 * time.Millisecond,
		Address: netip.MustParseAddrPort("10.0.0.1:4327"),
	}
}

// R1.
func TestNamesAreSafeInPathsLinesLabelsAndTables(t *testing.T) {
	for _, name := range []string{"a", "A-Z.0_9", "...", "-", "_", "web-1.example.org", strings.Repeat("n", 128)} {
		if err := membership.ValidateName(name); err != nil {
			t.Errorf("the name %q is refused, want it taken: %v", name, err)
		}
	}
	for _, c := range []struct{ name, why string }{
		{"", "it is empty"},
		{strings.Repeat("n", 129), "it is too long"},
		{".", "it is a directory"},
		{"..", "it is a directory"},
		{"a/b", "it is a path"},
		{"a\\b", "it is a path"},
		{"a b", "it has a space"},
		{"a\nb", "it forges a log line"},
		{"a\x1b[2J", "it clears a terminal"},
		{"a\x00", "it has a NUL"},
		{"a\u202eb", "it turns the reading direction"},
		{"é", "it is not ASCII"},
		{"a\xff", "it is not UTF-8"},
		{"a\"b", "it ends a label"},
		{"a,b", "it ends a field"},
		{"%s", "it is a format"},
	} {
		err := membership.ValidateName(c.name)
		if err == nil {
			t.Errorf("the name %q is taken, want it refused since %s", c.name, c.why)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x1b\x00\u202e") {
			t.Errorf("the error about %q repeats what a terminal or a log must not see: %q", c.name, err)
		}
	}
}

// R15.
func TestAddressesWhereNobodyCanBeReachedAreRefused(t *testing.T) {
	for _, a := range []string{"10.0.0.1:4327", "127.0.0.1:1", "[::1]:65535", "[2001:db8::1]:4327", "169.254.0.1:4327"} {
		if err := membership.ValidateAddress(netip.MustParseAddrPort(a)); err != nil {
			t.Errorf("the address %s is refused, want it taken: %v", a, err)
		}
	}
	for _, c := range []struct{ address, why string }{
		{"0.0.0.0:4327", "unspecified"},
		{"[::]:4327", "unspecified"},
		{"224.0.0.1:4327", "not the address of one host"},
		{"239.255.255.255:4327", "not the address of one host"},
		{"[ff02::1]:4327", "not the address of one host"},
		{"255.255.255.255:4327", "not the address of one host"},
		{"10.0.0.1:0", "port 0"},
		{"[::ffff:10.0.0.1]:4327", "write 10.0.0.1:4327"},
		{"[::ffff:0.0.0.0]:4327", "IPv4 written as IPv6"},
		{"[fe80::1%eth0]:4327", "zone"},
	} {
		if err := membership.ValidateAddress(netip.MustParseAddrPort(c.address)); err == nil {
			t.Errorf("the address %s is taken, want it refused: %s", c.address, c.why)
		} else if !strings.Contains(err.Error(), c.why) {
			t.Errorf("the error about %s says %q, want it to say %q", c.address, err, c.why)
		}
	}
	if membership.ValidateAddress(netip.AddrPort{}) == nil {
		t.Error("a missing address is taken, want it refused")
	}
}

// R15.
func TestTagsAreBounded(t *testing.T) {
	many := func(n int) membership.Tags {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("k%03d", i)] = ""
		}
		return membership.NewTags(m)
	}
	for _, c := range []struct {
		what string
		tags membership.Tags
		ok   bool
	}{
		{"no tags", nil, true},
		{"64 tags", many(64), true},
		{"65 tags", many(65), false},
		{"a key of every allowed byte", membership.Tags{{"aZ09._-/", ""}}, true},
		{"an empty key", membership.Tags{{"", "v"}}, false},
		{"a key of 64 bytes", membership.Tags{{strings.Repeat("k", 64), ""}}, true},
		{"a key of 65 bytes", membership.Tags{{strings.Repeat("k", 65), ""}}, false},
		{"a key with a newline", membership.Tags{{"k\n", ""}}, false},
		{"a key with an equals sign", membership.Tags{{"k=", ""}}, false},
		{"a key that turns the reading direction", membership.Tags{{"k\u202e", ""}}, false},
		{"a value with anything that is UTF-8", membership.Tags{{"k", "\x1b\n\u202e☃"}}, true},
		{"a value that is not UTF-8", membership.Tags{{"k", "\xff"}}, false},
		{"4096 bytes", membership.Tags{{"k", strings.Repeat("v", 4095)}}, true},
		{"4097 bytes", membership.Tags{{"k", strings.Repeat("v", 4096)}}, false},
		{"a key twice", membership.Tags{{"k", "1"}, {"k", "2"}}, false},
		{"keys out of order", membership.Tags{{"l", ""}, {"k", ""}}, false},
	} {
		if err := membership.ValidateTags(c.tags); (err == nil) != c.ok {
			t.Errorf("%s: taken is %v, want %v (%v)", c.what, err == nil, c.ok, err)
		}
	}
}

// R15.
func TestRecordsOutOfBoundsAreRefused(t *testing.T) {
	if err := record("a").Validate(); err != nil {
		t.Fatalf("a record in order is refused: %v", err)
	}
	for _, c := range []struct {
		what  string
		spoil func(*membership.Record)
	}{
		{"a bad name", func(r *membership.Record) { r.Name = ".." }},
		{"a bad address", func(r *membership.Record) { r.Address = netip.AddrPort{} }},
		{"a bad tag", func(r *membership.Record) { r.Tags = membership.Tags{{"", ""}} }},
		{"incarnation 0", func(r *membership.Record) { r.Incarnation = 0 }},
		{"incarnation 2^53+1", func(r *membership.Record) { r.Incarnation = membership.MaxCounter + 1 }},
		{"incarnation 2^63", func(r *membership.Record) { r.Incarnation = 1 << 63 }},
		{"incarnation 2^64-1", func(r *membership.Record) { r.Incarnation = 1<<64 - 1 }},
		{"version 0", func(r *membership.Record) { r.Version = 0 }},
		{"version 2^63", func(r *membership.Record) { r.Version = 1 << 63 }},
		{"interval 0", func(r *membership.Record) { r.Interval = 0 }},
		{"a negative interval", func(r *membership.Record) { r.Interval = -time.Second }},
		{"an interval of 9 ms", func(r *membership.Record) { r.Interval = 9 * time.Millisecond }},
		{"an interval of 11 min", func(r *membership.Record) { r.Interval = 11 * time.Minute }},
		{"a zone of 65 bytes", func(r *membership.Record) { r.Zone = strings.Repeat("z", 65) }},
		{"a zone that is not UTF-8", func(r *membership.Record) { r.Zone = "\xff" }},
		{"a build of 65 bytes", func(r *membership.Record) { r.Build = strings.Repeat("b", 65) }},
		{"a build that is not UTF-8", func(r *membership.Record) { r.Build = "\xff" }},
	} {
		r := record("a")
		c.spoil(r)
		if r.Validate() == nil {
			t.Errorf("a record with %s is taken, want it refused", c.what)
		}
	}
}

// R15.
func TestCountersStayWithinWhatTimeAllows(t *testing.T) {
	now := time.UnixMilli(1_767_225_600_000)
	const day = uint64(24 * time.Hour / time.Millisecond)
	today := uint64(now.UnixMilli())
	for _, c := range []struct {
		what                   string
		incarnation, heartbeat uint64
		ok                     bool
	}{
		{"a life that begins now", today, 1, true},
		{"a life of ten years", today - 3650*day, 3650 * day / 250, true},
		{"the first millisecond of 1970", 1, 1, true},
		{"incarnation 0", 0, 1, false},
		{"a clock that is a day ahead", today + day, 1, true},
		{"a clock that is a day and a millisecond ahead", today + day + 1, 1, false},
		{"incarnation 2^53", membership.MaxCounter, 1, false},
		{"incarnation 2^63", 1 << 63, 1, false},
		{"incarnation 2^64-1", 1<<64 - 1, 1, false},
		{"heartbeat 0", today, 0, false},
		{"as many heartbeats as a day has", today, day / 250, true},
		{"one more than the day of slack allows, and its first", today, day/250 + 2, false},
		{"heartbeat 2^63", today, 1 << 63, false},
		{"heartbeat 2^64-1", today, 1<<64 - 1, false},
		{"heartbeat 2^64-1 of the oldest life", 1, 1<<64 - 1, false},
	} {
		err := membership.CheckClock(now, c.incarnation, c.heartbeat, 250*time.Millisecond)
		if (err == nil) != c.ok {
			t.Errorf("%s: taken is %v, want %v (%v)", c.what, err == nil, c.ok, err)
		}
	}
}

// R15.
func TestClockNeverRefusesAnHonestMember(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.Int64Range(int64(membership.MinInterval), int64(membership.MaxInterval)).Draw(t, "interval"))
		interval = interval.Truncate(time.Microsecond) // what the wire carries
		began := time.UnixMilli(rapid.Int64Range(1, 4_000_000_000_000).Draw(t, "began"))
		age := time.Duration(rapid.Int64Range(0, int64(50*365*24*time.Hour)).Draw(t, "age"))
		skew := time.Duration(rapid.Int64Range(int64(-membership.MaxClockAhead), int64(membership.MaxClockAhead)).Draw(t, "skew"))
		heartbeat := uint64(age/interval) + 1
		observer := began.Add(age).Add(skew)
		if err := membership.CheckClock(observer, uint64(began.UnixMilli()), heartbeat, interval); err != nil {
			t.Fatalf("a member that lived for %s is refused by a clock that is %s off: %v", age, skew, err)
		}
	})
}

// R15.
func TestCounterThatPassesOverflowsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.Int64Range(int64(membership.MinInterval), int64(membership.MaxInterval)).Draw(t, "interval"))
		incarnation, heartbeat := rapid.Uint64().Draw(t, "incarnation"), rapid.Uint64().Draw(t, "heartbeat")
		now := time.UnixMilli(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "now"))
		if membership.CheckClock(now, incarnation, heartbeat, interval) != nil {
			return
		}
		if product := float64(heartbeat) * float64(interval); product > 1<<62 {
			t.Fatalf("heartbeat %d of interval %s passes, but their product %g overflows an Instant", heartbeat, interval, product)
		}
	})
}
