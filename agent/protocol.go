package agent

import (
	"heartsay/gossip/wire"
)

// Protocol is the version of the gossip that this program speaks; it is in every message (R16).
const Protocol int = wire.Version
