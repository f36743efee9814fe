package doctor

import "time"

// checkKeys looks whether the agent accepts what is not sealed although it has keys.
func (d *doctor) checkKeys() {
	if d.self == nil || d.self.AcceptsPlainUntil == nil {
		return
	}
	d.warn("keys", "restart without --accept-plain once all agents have the key, or none",
		"messages that are not sealed are accepted until %s, so anybody can read and forge gossip",
		d.self.AcceptsPlainUntil.Local().Format(time.DateTime))
}
