package command

import (
	"context"
	"time"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/eventstore"
)

// Witness puts on record that an account takes data out, before it does.
func (c *Commands) Witness(ctx context.Context, account string, event func(domain.Stamp) domain.Event) error {
	return Witness(ctx, c.config.Log, c.config.Codec, c.config.PseudonymKey, c.now(), account, event)
}

// Witness is Commands.Witness for whoever has no more than a log and its key.
func Witness(
	ctx context.Context, log *eventstore.Log, codec *eventstore.Codec, key []byte, now time.Time, account string,
	event func(domain.Stamp) domain.Event,
) error {
	now = now.UTC().Truncate(time.Millisecond)
	stream := access.Stream(now)
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = eventstore.Witness(ctx, log, codec, eventstore.Command{Stream: stream, Metadata: eventstore.Metadata{
		CommandID: id, Actor: account, Correlation: id.String(), ServerTime: now,
	}}, event(domain.Stamp{By: Pseudonym(key, stream, account), At: now}))
	return err
}
