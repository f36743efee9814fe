package membership_test

import (
	"fmt"
	"net/netip"
	"time"

	"heartsay/membership"
)

// Two peers told an observer of one member. Whatever the order, it knows the later record and the higher heartbeat.
func ExampleMerge() {
	began := uint64(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	young := &membership.Record{Name: "db-1", Incarnation: began, Version: 1}
	tagged := &membership.Record{Name: "db-1", Incarnation: began, Version: 40, Tags: membership.Tags{{Key: "role", Value: "db"}}}

	a := membership.Entry{Record: tagged, Heartbeat: 41}
	b := membership.Entry{Record: young, Heartbeat: 99}
	for _, e := range []membership.Entry{membership.Merge(a, b), membership.Merge(b, a)} {
		fmt.Println(e.Record.Name, "heartbeat", e.Heartbeat, "tags", e.Record.Tags.Map())
	}
	// Output:
	// db-1 heartbeat 99 tags map[role:db]
	// db-1 heartbeat 99 tags map[role:db]
}

// A forgotten member returns only when its counter keeps rising.
func ExampleTable() {
	table := membership.NewTable(1000)
	db := &membership.Record{
		Name: "db-1", Incarnation: 1, Version: 1, Interval: time.Second, Address: netip.MustParseAddrPort("10.0.0.7:4327"),
	}
	table.Learn(0, membership.Entry{Record: db, Heartbeat: 5}, false)
	table.Forget("db-1", membership.Instant(72*time.Hour))
	for _, heartbeat := range []uint64{5, 6, 7} {
		c := table.Learn(0, membership.Entry{Record: db, Heartbeat: heartbeat}, false)
		fmt.Println("relayed heartbeat", heartbeat, "is back:", c.Learned)
	}
	// Output:
	// relayed heartbeat 5 is back: false
	// relayed heartbeat 6 is back: false
	// relayed heartbeat 7 is back: true
}
