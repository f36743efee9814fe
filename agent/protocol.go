package agent

import "heartsay/gossip"

// Protocol is the version of the gossip that this program speaks; it is in every message (R16).
const Protocol int = gossip.Version
