package projections

import (
	"context"
	"time"
)

// settleTime bounds how long Approved waits for the read model.
const settleTime = 30 * time.Second

// Approved counts the round's approved centers and says how many application
// events that count rests on: all that the log holds at the time of the call.
func (m *Model) Approved(ctx context.Context, round string) (approved int, logSize int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	end, err := m.config.Log.End(ctx)
	if err != nil {
		return 0, 0, err
	}
	if err := m.WaitFor(ctx, end); err != nil {
		return 0, 0, err
	}
	v, err := m.View(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer v.Close()
	approved, err = v.Approved(round)
	return approved, v.Head().Seq, err
}
