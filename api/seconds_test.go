package api

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDurationsAreSecondsInJSON(t *testing.T) {
	m := Member{Timeout: 1500 * time.Millisecond, SuspectTimeout: time.Nanosecond, Silence: -time.Second}
	data, err := json.Marshal(m)
	if want := `"timeout_seconds":1.5,"suspect_timeout_seconds":1e-9,"silence_seconds":-1,`; err != nil || !strings.Contains(string(data), want) {
		t.Errorf("the member is %s, %v, want %s in it", data, err, want)
	}
	ahead := -250 * time.Millisecond
	data, err = json.Marshal(ProbeResult{StreamTime: time.Minute, ClockAhead: &ahead})
	if want := `{"address":"","stream_seconds":60,"clock_ahead_seconds":-0.25}`; err != nil || string(data) != want {
		t.Errorf("the result is %s, %v, want %s", data, err, want)
	}
}

func TestDurationsComeBackAsTheyWere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	durations := []time.Duration{0, 1, -1, math.MaxInt64, math.MinInt64, time.Hour, 53 * 365 * 24 * time.Hour}
	for range 100_000 {
		durations = append(durations, time.Duration(random.Uint64()>>random.IntN(64)))
	}
	for _, d := range durations {
		s := d.Seconds()
		back := durationOf(s)
		if back.Seconds() != s || d.Abs() < 90*24*time.Hour && back != d {
			t.Fatalf("%d ns are %v s, which is read as %d ns", d, s, back)
		}
	}
}

func TestWhatJSONDoesNotNameStaysAsItIs(t *testing.T) {
	m := Member{Name: "a", Timeout: time.Second, Silence: time.Minute}
	if err := json.Unmarshal([]byte(`{"silence_seconds":2,"timeout_seconds":null,"new":1}`), &m); err != nil ||
		!reflect.DeepEqual(m, Member{Name: "a", Timeout: time.Second, Silence: 2 * time.Second}) {
		t.Errorf("the member is %+v, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`{"silence_seconds":"2"}`), &m); err == nil {
		t.Error("a duration that is a text is taken")
	}
}

// TestDurationsHaveNamesThatTellTheirUnit looks at all types of the API for fields that would be nanoseconds in JSON.
func TestDurationsHaveNamesThatTellTheirUnit(t *testing.T) {
	for name, v := range jsonTypes {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Type != reflect.TypeFor[time.Duration]() && f.Type != reflect.TypeFor[*time.Duration]() {
				continue
			}
			if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); !strings.HasSuffix(key, "_seconds") {
				t.Errorf("%s.%s is a duration and called %s in JSON, want a name that ends in _seconds", name, f.Name, key)
			}
			if _, ok := v.(json.Marshaler); !ok {
				t.Errorf("%s has the duration %s and no methods for JSON: see seconds.go", name, f.Name)
			}
		}
	}
}

func BenchmarkMembers(b *testing.B) {
	all := Members{Members: make([]Member, 1000)}
	for i := range all.Members {
		all.Members[i] = Member{Name: "host-17", Address: "10.0.0.1:4327", State: Alive, Timeout: 2611 * time.Millisecond,
			Since: time.Now(), Tags: map[string]string{"role": "web", "rack": "b17"}}
	}
	data, _ := json.Marshal(all)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			json.Marshal(all)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			var m Members
			json.Unmarshal(data, &m)
		}
	})
}
