package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/ui/uitest"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func second(n int) time.Time { return began.Add(time.Duration(n) * time.Second) }

func aMember(name string, state api.State, phi float64) api.Member {
	return api.Member{Name: name, State: state, Phi: phi, Silence: time.Duration(phi * 1e8), Timeout: 2610 * time.Millisecond,
		SuspectTimeout: 1900 * time.Millisecond, Since: began, Tags: map[string]string{"role": "web"}}
}

// boardOf returns a board that was told of members in second 1.
func boardOf(members ...api.Member) *board {
	b := newBoard(began)
	b.answered(second(1), api.Members{Cluster: "c", Members: members}, api.Self{Name: "a"}, time.Millisecond)
	return b
}

func read(b *board, r *boardReader) frame {
	f, _ := b.next(r, second(9))
	return f
}

func namesIn(f frame) (names []string) {
	for _, m := range f.Members {
		names = append(names, m.Name)
	}
	return names
}

func TestPageGetsAllAtFirstAndThenOnlyWhatChanged(t *testing.T) {
	a, b, c := aMember("a", "alive", 1), aMember("b", "alive", 1), aMember("c", "alive", 1)
	board := boardOf(a, b, c)
	var place boardReader
	if f := read(board, &place); !f.Full || !slices.Equal(namesIn(f), []string{"a", "b", "c"}) || len(f.Samples) != 3 ||
		f.Agent == nil || f.Self == nil || f.Cluster != "c" {
		t.Errorf("the first frame is %+v, want all of it", f)
	}
	b.Phi, c.State = 2, "suspect"
	board.answered(second(2), api.Members{Cluster: "c", Members: []api.Member{a, b, c}}, api.Self{}, time.Millisecond)
	f := read(board, &place)
	if f.Full || !slices.Equal(namesIn(f), []string{"c"}) || f.Members[0].State != "suspect" || f.Members[0].Phi != nil {
		t.Errorf("the second frame is %+v, want c alone, whose state changed", f)
	}
	if want := []sample{{2, 20, 1, 0, -1, 19, 26}}; !reflect.DeepEqual(f.Samples, want) {
		t.Errorf("the second frame has samples %v, want %v: of b, whose Φ changed", f.Samples, want)
	}
	if f := read(board, &place); len(f.Members)+len(f.Samples)+len(f.Lines)+len(f.Gone) > 0 || f.Self != nil || f.Agent != nil {
		t.Errorf("the third frame is %+v, want nothing: nothing changed", f)
	}
}

func TestLearnedTimeoutThatWaversIsNoChangeOfTheMember(t *testing.T) {
	a := aMember("a", "alive", 1)
	board := boardOf(a)
	var place boardReader
	read(board, &place)
	a.Timeout += 20 * time.Millisecond
	board.answered(second(2), api.Members{Members: []api.Member{a}}, api.Self{}, 0)
	if f := read(board, &place); len(f.Members)+len(f.Samples) > 0 {
		t.Errorf("a time-out of 2.63s instead of 2.61s is told as %+v, want nothing", f)
	}
	a.Timeout += time.Second
	board.answered(second(2), api.Members{Members: []api.Member{a}}, api.Self{}, 0)
	if f := read(board, &place); len(f.Members) > 0 || len(f.Samples) != 1 || f.Samples[0][6] != 36 {
		t.Errorf("a time-out of 3.63s is told as %+v, want a sample with 36 tenths", f)
	}
}

func TestForgottenMemberIsGoneAndComesBackAsAnother(t *testing.T) {
	a, b := aMember("a", "alive", 1), aMember("b", "dead", 99)
	board := boardOf(a, b)
	var place boardReader
	read(board, &place)
	board.answered(second(2), api.Members{Members: []api.Member{a}}, api.Self{}, 0)
	if f := read(board, &place); !slices.Equal(f.Gone, []int{2}) {
		t.Errorf("gone is %v, want [2], which b was", f.Gone)
	}
	board.answered(second(3), api.Members{Members: []api.Member{a, b}}, api.Self{}, 0)
	if f := read(board, &place); len(f.Members) != 1 || f.Members[0].ID != 3 {
		t.Errorf("b comes back as %+v, want the number 3", f.Members)
	}
	var fresh boardReader
	if f := read(board, &fresh); len(f.Gone) > 0 || len(f.Members) != 2 {
		t.Errorf("a new page gets %+v, want two members and no word of the one that was gone", f)
	}
}

func TestPageThatFellBehindGetsAllAnew(t *testing.T) {
	board := boardOf(aMember("a", "alive", 1))
	var place boardReader
	read(board, &place)
	for s := 2; s <= 3; s++ {
		board.answered(second(s), api.Members{Members: []api.Member{aMember("a", "alive", float64(s))}}, api.Self{}, 0)
	}
	f := read(board, &place)
	if !f.Full || len(f.Members) != 1 {
		t.Fatalf("after two seconds that it missed a page gets %+v, want all", f)
	}
	if phi := f.Members[0].Phi; len(phi) != historySlots || !slices.Equal(phi[historySlots-4:], []int16{noSample, 10, 20, 30}) {
		t.Errorf("its history ends with %v, want unknown, 1, 2, 3 in tenths", phi[len(phi)-4:])
	}
}

func TestPageThatMissedTooManyForgottenGetsAllAnew(t *testing.T) {
	board := boardOf(aMember("a", "alive", 1))
	var place boardReader
	read(board, &place)
	many := make([]api.Member, maxGone+1)
	for i := range many {
		many[i] = aMember(fmt.Sprint("m", i), "alive", 1)
	}
	for _, members := range [][]api.Member{many, nil} { // within one second
		board.answered(second(2), api.Members{Members: members}, api.Self{}, 0)
	}
	if f := read(board, &place); !f.Full || len(f.Members) != 0 {
		t.Errorf("the page gets %d members, full %v, want all anew: none", len(f.Members), f.Full)
	}
	if len(board.gone) > maxGone {
		t.Errorf("%d forgotten members are kept, want %d at most", len(board.gone), maxGone)
	}
}

func TestTheStatusSaysSinceWhenTheAgentIsAway(t *testing.T) {
	board := boardOf()
	board.unanswered(second(5), errors.New("nobody"))
	board.unanswered(second(6), errors.New("nobody listens"))
	var place boardReader
	if f := read(board, &place); *f.Agent != (agentStatus{false, second(5).UnixMilli(), "nobody listens", 0}) {
		t.Errorf("the status is %+v, want away since second 5 with the newest reason", *f.Agent)
	}
	board.answered(second(8), api.Members{}, api.Self{}, 3*time.Millisecond)
	if f := read(board, &place); *f.Agent != (agentStatus{true, second(8).UnixMilli(), "", 3}) {
		t.Errorf("the status is %+v, want there since second 8", *f.Agent)
	}
}

func TestTheHistoryKeepsTwoMinutesWithHoles(t *testing.T) {
	var h phiHistory
	if got := h.list(5); slices.Max(got) != noSample {
		t.Errorf("without a sample it is %v, want nothing known", got)
	}
	for slot := int64(10); slot < 300; slot++ {
		if slot < 250 || slot > 259 {
			h.put(slot, int16(slot))
		}
	}
	got := h.list(301)
	for i, v := range got {
		slot := 301 - historySlots + 1 + i
		want := int16(slot)
		if slot >= 250 && slot <= 259 || slot >= 300 {
			want = noSample
		}
		if v != want {
			t.Errorf("slot %d is %d, want %d", slot, v, want)
		}
	}
	h.put(1000, 7)
	if got := h.list(1000); got[historySlots-1] != 7 || slices.Max(got[:historySlots-1]) != noSample {
		t.Errorf("after a long hole it is %v, want 7 at the end alone", got)
	}
}

func TestTenthsAreFiniteAndBounded(t *testing.T) {
	for _, c := range []struct {
		phi  float64
		want int16
	}{{0, 0}, {-1, 0}, {math.NaN(), 0}, {0.04, 0}, {0.05, 1}, {12.34, 123}, {1e9, 9999}, {math.Inf(1), 9999}} {
		if got := phiTenths(c.phi); got != c.want {
			t.Errorf("Φ %v is %d tenths, want %d", c.phi, got, c.want)
		}
	}
	if got := tenths(1e300); got != 1e13 {
		t.Errorf("1e300 s is %d tenths, want 1e13, which every browser can count", got)
	}
}

func TestThousandMembersCostAPageLittle(t *testing.T) {
	f := uitest.NewAgent(t, 1000)
	now := time.Now()
	board := newBoard(now)
	var place boardReader
	for s, most := range []int{1 << 20, 40 << 10, 40 << 10} { // bytes
		at := now.Add(time.Duration(s) * time.Second)
		board.answered(at, f.View(at), f.Self(at), 0)
		frame, _ := board.next(&place, at)
		data, err := json.Marshal(frame)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > most {
			t.Errorf("frame %d of 1000 members has %d bytes, want %d at most", s, len(data), most)
		}
		t.Logf("frame %d: %d bytes", s, len(data))
	}
}
