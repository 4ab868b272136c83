package command

import (
	"context"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/eventstore"
)

// Witness puts on record that an account takes data out, before it does.
func (c *Commands) Witness(ctx context.Context, account string, event func(domain.Stamp) domain.Event) error {
	now := c.now()
	stream := access.Stream(now)
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = eventstore.Witness(ctx, c.config.Log, c.config.Codec, eventstore.Command{Stream: stream, Metadata: eventstore.Metadata{
		CommandID: id, Actor: account, Correlation: id.String(), ServerTime: now,
	}}, event(domain.Stamp{By: c.Pseudonym(stream, account), At: now}))
	return err
}
