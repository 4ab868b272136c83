package command

import (
	"context"
	"iter"

	"mingjian/eventstore"
)

// Recorded reads the application's events as they are stored, in the log's
// order, up to its end at the time of the call. A read that breaks off yields
// its error last.
func (c *Commands) Recorded(ctx context.Context) iter.Seq2[eventstore.Recorded, error] {
	return c.config.Log.ReadAll(ctx, 0)
}
