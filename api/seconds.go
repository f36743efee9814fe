package api

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"sync"
	"time"
)

// In Go the durations of the API are time.Duration, in JSON they are numbers of seconds, under names that end in
// _seconds. A type with such fields has the two methods below, which encode and decode a twin of it: the same struct,
// with float64 in place of time.Duration. A new duration is a field like any other.

// MarshalJSON returns the member as JSON, with its durations in seconds.
func (m Member) MarshalJSON() ([]byte, error) { return encodeInSeconds(m) }

// UnmarshalJSON takes what MarshalJSON returns.
func (m *Member) UnmarshalJSON(data []byte) error { return decodeInSeconds(data, m) }

// MarshalJSON returns the answer as JSON, with its durations in seconds.
func (s Self) MarshalJSON() ([]byte, error) { return encodeInSeconds(s) }

// UnmarshalJSON takes what MarshalJSON returns.
func (s *Self) UnmarshalJSON(data []byte) error { return decodeInSeconds(data, s) }

// MarshalJSON returns the result as JSON, with its durations in seconds.
func (r ProbeResult) MarshalJSON() ([]byte, error) { return encodeInSeconds(r) }

// UnmarshalJSON takes what MarshalJSON returns.
func (r *ProbeResult) UnmarshalJSON(data []byte) error { return decodeInSeconds(data, r) }

// durationOf returns the duration of so many seconds, to the nanosecond; the longest that there is for more than that.
// What time.Duration.Seconds returns comes back as it was.
func durationOf(s float64) time.Duration {
	whole, part := math.Modf(s) // both exact
	d := whole*1e9 + math.Round(part*1e9)
	switch {
	case d >= math.MaxInt64:
		return math.MaxInt64
	case d <= math.MinInt64:
		return math.MinInt64
	}
	return time.Duration(whole)*time.Second + time.Duration(math.Round(part*1e9))
}

// encodeInSeconds returns the JSON of v, a struct.
func encodeInSeconds(v any) ([]byte, error) {
	from := reflect.ValueOf(v)
	twin := reflect.New(twinOf(from.Type()))
	copyFields(twin.Elem(), from)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the encoder that asks does that, if it is to be done
	err := e.Encode(twin.Interface())
	return b.Bytes(), err
}

// decodeInSeconds stores what data says where v points, at a struct. Fields that data does not name stay as they are.
func decodeInSeconds(data []byte, v any) error {
	to := reflect.ValueOf(v).Elem()
	twin := reflect.New(twinOf(to.Type()))
	copyFields(twin.Elem(), to)
	if err := json.Unmarshal(data, twin.Interface()); err != nil {
		return err
	}
	copyFields(to, twin.Elem())
	return nil
}

// copyFields makes the fields of one struct those of its twin.
func copyFields(to, from reflect.Value) {
	for i := range to.NumField() {
		if to, from := to.Field(i), from.Field(i); to.Type() == from.Type() {
			to.Set(from)
		} else {
			copyDuration(to, from)
		}
	}
}

// copyDuration makes seconds of a duration, or a duration of seconds; each may be behind a pointer.
func copyDuration(to, from reflect.Value) {
	switch {
	case from.Kind() == reflect.Pointer && from.IsNil():
		to.SetZero()
	case from.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		copyDuration(to.Elem(), from.Elem())
	case from.Kind() == reflect.Float64:
		to.SetInt(int64(durationOf(from.Float())))
	default:
		to.SetFloat(time.Duration(from.Int()).Seconds())
	}
}

var twins sync.Map // of reflect.Type to reflect.Type

// twinOf returns the struct that is t with float64 in place of time.Duration.
func twinOf(t reflect.Type) reflect.Type {
	if twin, known := twins.Load(t); known {
		return twin.(reflect.Type)
	}
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i)
		switch fields[i].Type {
		case reflect.TypeFor[time.Duration]():
			fields[i].Type = reflect.TypeFor[float64]()
		case reflect.TypeFor[*time.Duration]():
			fields[i].Type = reflect.TypeFor[*float64]()
		}
	}
	twin := reflect.StructOf(fields)
	twins.Store(t, twin)
	return twin
}
