package agent

import (
	"context"

	"heartsay/agent/internal/process"
)

// ReapOrphans takes processes that have ended and that nobody else waits for from the system, until ctx ends. It is for a
// program that is process 1 of a container, and whose children are all started by its agents: handlers and commands.
// Other children would be taken from the code that waits for them.
func ReapOrphans(ctx context.Context) { process.ReapOrphans(ctx) }
