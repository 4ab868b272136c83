package command

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// RegisterDistrict adds a district.
func (c *Commands) RegisterDistrict(ctx context.Context, m Meta, code, name string) (Receipt, error) {
	return c.onRegistry(ctx, m, "registerDistrict", func(r *registry.Registry, by domain.Stamp) ([]domain.Event, error) {
		return r.RegisterDistrict(by, code, name)
	})
}

// RegisterCenter adds a center for an area of a registered district.
func (c *Commands) RegisterCenter(ctx context.Context, m Meta, code, district, area string, demo bool) (Receipt, error) {
	return c.onRegistry(ctx, m, "registerCenter", func(r *registry.Registry, by domain.Stamp) ([]domain.Event, error) {
		return r.RegisterCenter(by, code, district, area, demo)
	})
}

// A part of a roster goes into one append. rosterPart bounds its rows, and
// partBytes, with room for what JSON adds, its bytes within an append's limit.
const (
	rosterPart = 1000
	partBytes  = 768 << 10
	rowBytes   = 1000 // of two events without their names and notes
)

// rosterParts cuts a roster into parts, the same for the same command.
func rosterParts(m Meta, rows []registry.Row) (parts [][]registry.Row) {
	start, size := 0, 0
	for i, row := range rows {
		cost := rowBytes + 2*(len(m.Actor)+len(m.Note)) + len(row.DistrictName) + 2*len(row.Area)
		if i > start && (size+cost > partBytes || i-start == rosterPart) {
			parts = append(parts, rows[start:i])
			start, size = i, 0
		}
		size += cost
	}
	return append(parts, rows[start:])
}

// RegisterRoster adds all that is new of a roster. A large roster goes in
// several appends, each with a command id derived from m.ID: cut short, it is
// finished by sending the same again.
func (c *Commands) RegisterRoster(ctx context.Context, m Meta, rows []registry.Row, demo bool) (Receipt, error) {
	id, err := uuid.Parse(m.ID)
	if err != nil {
		return Receipt{}, fmt.Errorf("command id %.60q is not a UUID: %w", m.ID, domain.ErrInvalid)
	}
	actor, err := c.config.Actors.Actor(ctx, m.Actor)
	if err == nil {
		err = rights.Allow(actor, "registerRoster", "")
	}
	if err != nil {
		return Receipt{}, err
	}
	// Try the whole before any part is recorded, so that a fault records nothing.
	if err := c.registry.Look(ctx, func(r *registry.Registry) error {
		_, err := r.Register(domain.Stamp{}, rows, demo)
		return err
	}); err != nil {
		return Receipt{}, err
	}
	var last Receipt
	for i, part := range rosterParts(m, rows) {
		m.ID = uuid.NewSHA1(id, fmt.Appendf(nil, "part %d", i)).String()
		last, err = c.onRegistry(ctx, m, "registerRoster", func(r *registry.Registry, by domain.Stamp) ([]domain.Event, error) {
			return r.Register(by, part, demo)
		})
		if err != nil {
			return Receipt{}, err
		}
	}
	return last, nil
}

func (c *Commands) onRegistry(
	ctx context.Context, m Meta, name rights.Command, decide func(*registry.Registry, domain.Stamp) ([]domain.Event, error),
) (Receipt, error) {
	cmd, err := c.prepare(ctx, m, name, "", registryStream)
	if err != nil {
		return Receipt{}, err
	}
	result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd.Command, registry.New,
		func(r *registry.Registry) ([]domain.Event, error) {
			if err := cmd.allow(); err != nil {
				return nil, err
			}
			return decide(r, cmd.by)
		})
	return receipt(cmd.Stream, result, err)
}
