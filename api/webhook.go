package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CloudEvent is the body of a webhook's request: an event in the envelope of CloudEvents 1.0, as JSON.
type CloudEvent struct {
	SpecVersion     string    `json:"specversion"`       // "1.0"
	ID              string    `json:"id"`                // unique for its source; the same in every attempt
	Source          string    `json:"source"`            // "/heartsay/CLUSTER/AGENT"
	Type            string    `json:"type"`              // CloudEventPrefix and the event's type
	Subject         string    `json:"subject,omitempty"` // the member's name; none for a reset
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"` // "application/json"
	Data            Event     `json:"data"`
}

// CloudEventPrefix stands before an event's type in a [CloudEvent].
const CloudEventPrefix = "heartsay.member."

// Headers of a signed webhook.
const (
	SignatureHeader = "Heartsay-Signature" // sha256= and the HMAC-SHA256 of "TIMESTAMP.BODY", in hex
	TimestampHeader = "Heartsay-Timestamp" // Unix seconds of the attempt
)

// ErrSignature says that a request was not signed with the secret, or at a time that is too far from now.
var ErrSignature = errors.New("the webhook's signature is not valid")

// SignWebhook sets in h the headers that sign body with secret, at the time now. An agent does it; a receiver needs it
// for tests.
func SignWebhook(secret []byte, now time.Time, h http.Header, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(TimestampHeader, timestamp)
	h.Set(SignatureHeader, "sha256="+hex.EncodeToString(webhookMAC(secret, timestamp, body)))
}

// VerifyWebhook returns nil when the headers h of a request sign body with secret, at a time no more than tolerance
// from now; five minutes are usual. Somebody may record a request and send it again within tolerance: a receiver that
// must not act twice remembers the ids of the events for that long. Every error is an [ErrSignature].
func VerifyWebhook(secret []byte, now time.Time, tolerance time.Duration, h http.Header, body []byte) error {
	timestamp := h.Get(TimestampHeader)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: %s is %q, no Unix time", ErrSignature, TimestampHeader, timestamp)
	}
	digits, ok := strings.CutPrefix(h.Get(SignatureHeader), "sha256=")
	given, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return fmt.Errorf("%w: %s is not sha256= and hex", ErrSignature, SignatureHeader)
	}
	if !hmac.Equal(given, webhookMAC(secret, timestamp, body)) {
		return fmt.Errorf("%w: the secret or the body is another", ErrSignature)
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > tolerance {
		return fmt.Errorf("%w: it was made %s from now", ErrSignature, age.Truncate(time.Second))
	}
	return nil
}

func webhookMAC(secret []byte, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
