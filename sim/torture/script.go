package torture

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"heartsay/gossip"
	"heartsay/sim"
)

// String returns t as a script, which [Parse] reads: a first line for the cluster, and one for each fault.
//
//	cluster members=7 core=3 seed=12 for=20s latency=3ms loss=0.1 forgetful=true
//	restart at=1.5s for=2s members=4,5 elsewhere=true
//	loss at=3s members=6 in=1 out=0.3
//
// Lines that begin with # are comments.
func (t Case) String() string {
	var b strings.Builder
	w := words{&b}
	b.WriteString("cluster")
	w.add("members", t.Members)
	w.add("core", t.Core)
	w.add("seed", t.Seed)
	w.add("for", t.For)
	w.add("latency", t.Network.Latency)
	w.add("loss", t.Network.Loss)
	w.add("forgetful", t.Gossip.DeadRetention == Forgetful(t.Gossip).DeadRetention)
	w.add("memory", t.Memory)
	if t.Gossip.MaxMembers != gossip.DefaultConfig().MaxMembers {
		w.add("room", t.Gossip.MaxMembers)
	}
	for _, f := range t.Faults {
		fmt.Fprintf(&b, "\n%s", f.Kind)
		for _, x := range fieldsOf(&f) {
			w.add(x.key, x.value)
		}
	}
	return b.String() + "\n"
}

// words writes the words of a line, but those with zero values.
type words struct{ b *strings.Builder }

func (w words) add(key string, value any) {
	v := reflect.Indirect(reflect.ValueOf(value))
	if v.IsZero() {
		return
	}
	text := fmt.Sprint(v.Interface())
	if v.Kind() == reflect.Slice {
		text = strings.ReplaceAll(strings.Trim(text, "[]"), " ", ",")
	}
	fmt.Fprintf(w.b, " %s=%s", key, text)
}

type field struct {
	key   string
	value any // a pointer to it
}

func fieldsOf(f *sim.Fault) []field {
	return []field{
		{"at", &f.At}, {"for", &f.For}, {"pause", &f.Pause}, {"until", &f.Until}, {"members", &f.Members}, {"to", &f.To},
		{"in", &f.In}, {"out", &f.Out}, {"share", &f.Share}, {"delay", &f.Delay}, {"offset", &f.Offset},
		{"count", &f.Count}, {"elsewhere", &f.Elsewhere},
	}
}

// Parse reads a script. The error says which line is wrong, or what is wrong with the whole.
func Parse(script string) (Case, error) {
	t := Case{Scenario: sim.Scenario{Interval: 250 * time.Millisecond, Gossip: gossip.DefaultConfig()}}
	number := 0
	for line := range strings.Lines(script) {
		number++
		parts := strings.Fields(line)
		if len(parts) == 0 || strings.HasPrefix(parts[0], "#") {
			continue
		}
		if err := t.line(parts[0], parts[1:]); err != nil {
			return Case{}, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return t, t.Validate()
}

func (t *Case) line(word string, args []string) error {
	if word == "cluster" {
		seed, forgetful := int(t.Seed), false
		err := read(args, []field{{"members", &t.Members}, {"core", &t.Core}, {"seed", &seed}, {"for", &t.For},
			{"latency", &t.Network.Latency}, {"loss", &t.Network.Loss}, {"forgetful", &forgetful},
			{"memory", &t.Memory}, {"room", &t.Gossip.MaxMembers}})
		if t.Seed = uint64(seed); forgetful {
			t.Gossip = Forgetful(t.Gossip)
		}
		return err
	}
	kind, ok := sim.KindByName(word)
	if !ok {
		return fmt.Errorf("there is no fault %q", word)
	}
	f := sim.Fault{Kind: kind}
	err := read(args, fieldsOf(&f))
	t.Faults = append(t.Faults, f)
	return err
}

// read fills in fields from words like key=value.
func read(args []string, fields []field) error {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		known := false
		for _, f := range fields {
			if f.key != key {
				continue
			}
			known = true
			if err := f.read(value); err != nil {
				return fmt.Errorf("%s: %w", arg, err)
			}
		}
		if !known {
			return fmt.Errorf("%s: there is no %q here", arg, key)
		}
	}
	return nil
}

func (f field) read(text string) (err error) {
	switch v := f.value.(type) {
	case *time.Duration:
		*v, err = time.ParseDuration(text)
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case *int:
		*v, err = strconv.Atoi(text)
	case *bool:
		*v, err = strconv.ParseBool(text)
	case *[]int:
		for _, word := range strings.Split(text, ",") {
			n, err := strconv.Atoi(word)
			if err != nil {
				return err
			}
			*v = append(*v, n)
		}
	}
	return err
}
