package api

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestWebhookIsAcceptedOnlyAsItWasSignedAndInTime(t *testing.T) {
	secret, body, now := []byte("0123456789abcdef"), []byte(`{"specversion":"1.0"}`), time.Unix(1_700_000_000, 0)
	signed := func(change func(http.Header)) http.Header {
		h := http.Header{}
		SignWebhook(secret, now, h, body)
		change(h)
		return h
	}
	same := func(http.Header) {}
	set := func(key, value string) func(http.Header) { return func(h http.Header) { h.Set(key, value) } }
	for name, c := range map[string]struct {
		secret, body []byte
		at           time.Time
		header       http.Header
		ok           bool
	}{
		"as signed":          {secret, body, now, signed(same), true},
		"5 minutes late":     {secret, body, now.Add(5 * time.Minute), signed(same), true},
		"5 minutes early":    {secret, body, now.Add(-5 * time.Minute), signed(same), true},
		"later":              {secret, body, now.Add(5*time.Minute + time.Second), signed(same), false},
		"another secret":     {[]byte("0123456789abcdeg"), body, now, signed(same), false},
		"another body":       {secret, []byte(`{"specversion":"1.1"}`), now, signed(same), false},
		"another time":       {secret, body, now, signed(set(TimestampHeader, "1700000001")), false},
		"no time":            {secret, body, now, signed(set(TimestampHeader, "")), false},
		"no signature":       {secret, body, now, signed(set(SignatureHeader, "")), false},
		"no hex":             {secret, body, now, signed(set(SignatureHeader, "sha256=zz")), false},
		"an empty signature": {secret, body, now, signed(set(SignatureHeader, "sha256=")), false},
		"another algorithm":  {secret, body, now, signed(set(SignatureHeader, "md5=00")), false},
		"not signed at all":  {secret, body, now, http.Header{}, false},
	} {
		err := VerifyWebhook(c.secret, c.at, 5*time.Minute, c.header, c.body)
		if c.ok != (err == nil) || err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("%s: the check says %v", name, err)
		}
	}
}

// The signature is what any other language makes of it:
// printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
func TestTheSignatureIsAPlainHMACOfTimeAndBody(t *testing.T) {
	h := http.Header{}
	SignWebhook([]byte("0123456789abcdef"), time.Unix(1_700_000_000, 0), h, []byte(`{"a":1}`))
	if got, want := h.Get(SignatureHeader), "sha256=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23"; got != want {
		t.Errorf("the signature is %s, want %s", got, want)
	}
}
