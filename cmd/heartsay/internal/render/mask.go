package render

import "regexp"

// Masked is what is shown in place of a secret.
const Masked = "***"

// keyInText finds what is written like a key: 32 bytes in base64.
var keyInText = regexp.MustCompile(`[A-Za-z0-9+/]{43}=`)

// IsKey reports whether text is written like a key.
func IsKey(text string) bool { return text != "" && keyInText.FindString(text) == text }

// MaskKeys returns text without what is written like a key. A message that quotes what stood on the command line must
// not repeat one that somebody put there by mistake: messages end up in logs.
func MaskKeys(text string) string { return keyInText.ReplaceAllString(text, Masked) }
