package api

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Config is what the API serves from.
type Config struct {
	// Model answers every query.
	Model *projections.Model
	// Commands decides and appends; only the internal schema needs it.
	Commands *command.Commands
	// Auth signs people in; without it only the operator is known.
	Auth *auth.HTTP
	// Accounts are who may sign in; the internal schema lists and changes them.
	Accounts *auth.Accounts
	// Evidence keeps what was photographed, scanned and recorded; without it
	// nothing is uploaded.
	Evidence *evidence.Store
	// OperatorToken is what the command line on this machine sends; "" for none.
	OperatorToken string
	// Criteria finds the standard that a round adopted; criteria.Lookup if nil.
	Criteria func(id string) (*criteria.Criteria, error)
	// Health reports the parts of the process for /healthz and /readyz. It is
	// called for each probe and must not block; nil reports nothing.
	Health func() []HealthItem
	// Live says how the event stream is served; its zero value will do.
	Live   LiveConfig
	Logger *slog.Logger // slog.Default() if nil
	// Now says what day it is where days are left; time.Now if nil.
	Now func() time.Time

	looks *looks
}

// HealthItem is one part of the process as /healthz shows it.
type HealthItem struct {
	Component string
	// OK is false when the part has stopped, such as a projection that met an
	// event it cannot fold; Detail then says at which event and why.
	OK bool
	// CatchingUp is true while the part works but is behind: alive, not ready.
	CatchingUp bool
	Detail     string
	Position   eventstore.Position
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	if c.Model == nil {
		return errors.New("api: no read model")
	}
	return nil
}

// withDefaults checks the configuration and fills in what may be left out.
func (c Config) withDefaults() (Config, error) {
	if err := c.Validate(); err != nil {
		return c, err
	}
	if c.looks == nil {
		c.looks = new(looks)
	}
	if c.Criteria == nil {
		c.Criteria = criteria.Lookup
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}

// criteriaOf loads the standard of a round. The log names it, so its absence
// here means that this build is older than the round.
func (c Config) criteriaOf(id string) (*criteria.Criteria, error) {
	found, err := c.Criteria(id)
	if err != nil {
		return nil, fmt.Errorf("criteria %.40q: %w", id, err)
	}
	return found, nil
}
