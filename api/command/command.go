// Package command holds the commands that people use: each checks what it
// needs of the round and the registry, loads its stream, lets the domain
// decide, and appends all events of the decision in one call.
package command

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// Meta goes with every command.
type Meta struct {
	// ID is made by the client (a UUID, version 7 for choice). The same ID sent
	// again returns the first result and records nothing.
	ID string
	// Actor is the account that acts.
	Actor string
	// ClientTime is the client's clock, if it says so; Note is internal.
	ClientTime time.Time
	Note       string
	// Expected is the stream revision that the client saw. If given and not the
	// newest any more, the command is refused with eventstore.ErrConflict.
	Expected *uint64
}

// Receipt says where a command ended in the log.
type Receipt struct {
	Stream   string
	Revision uint64
	Position eventstore.Position
	// Repeated is true if the command id was on record already.
	Repeated bool
}

// Results tells Publish what there is to publish.
type Results interface {
	// Approved counts the round's approved centers after the first logSize
	// application events of the log, and says what logSize is: as many events as
	// are known to be on record, all of the round's earlier ones included.
	Approved(ctx context.Context, round string) (approved int, logSize int64, err error)
}

// Config says what the commands work on.
type Config struct {
	Log      *eventstore.Log
	Codec    *eventstore.Codec
	Criteria func(id string) (*criteria.Criteria, error)
	Results  Results
	// PseudonymKey keeps pseudonyms meaningless to whoever lacks it; 32 bytes.
	PseudonymKey []byte
	Now          func() time.Time // time.Now if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Log == nil || c.Codec == nil || c.Criteria == nil || c.Results == nil {
		faults = append(faults, errors.New("command: log, codec, criteria and results are needed"))
	}
	if len(c.PseudonymKey) < 32 {
		faults = append(faults, fmt.Errorf("command: a pseudonym key of %d bytes, at least 32 needed", len(c.PseudonymKey)))
	}
	return errors.Join(faults...)
}

// Commands carries out commands. It is safe for concurrent use, also by many
// processes on one log.
type Commands struct {
	config   Config
	registry *eventstore.Follower[*registry.Registry]

	mu     sync.Mutex
	rounds map[string]*eventstore.Follower[*round.Round]
}

// New makes the commands.
func New(c Config) (*Commands, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Commands{
		config:   c,
		registry: eventstore.NewFollower(c.Log, c.Codec, registryStream, registry.New()),
		rounds:   make(map[string]*eventstore.Follower[*round.Round]),
	}, nil
}

// Streams. Subjects are digits and round ids are checked, so the names are
// unambiguous. What an assessment is about stands in its Opened, and is never
// read off the name; a round's id is all that follows round.StreamPrefix.
const registryStream = "registry"

func roundStream(id string) string { return round.StreamPrefix + id }

// AssessmentStream names the stream of one subject's record in a round.
func AssessmentStream(id, subject string) string { return "assessment-" + id + "-" + subject }

// limits on what goes into metadata.
const (
	maxActor = 100
	maxNote  = 2000
)

// prepare checks a command's metadata and stamps it.
func (c *Commands) prepare(m Meta, stream string) (eventstore.Command, domain.Stamp, error) {
	id, err := uuid.Parse(m.ID)
	if err != nil || id == uuid.Nil {
		return eventstore.Command{}, domain.Stamp{}, fmt.Errorf("command id %.60q is not a UUID: %w", m.ID, domain.ErrInvalid)
	}
	if actor := strings.TrimSpace(m.Actor); actor == "" || len(m.Actor) > maxActor {
		return eventstore.Command{}, domain.Stamp{}, fmt.Errorf("actor %.60q: an account of at most %d bytes is needed: %w", m.Actor, maxActor, domain.ErrInvalid)
	}
	if len(m.Note) > maxNote {
		return eventstore.Command{}, domain.Stamp{}, fmt.Errorf("note of %d bytes, at most %d: %w", len(m.Note), maxNote, domain.ErrInvalid)
	}
	now := c.config.Now().UTC().Truncate(time.Millisecond)
	cmd := eventstore.Command{Stream: stream, Expected: m.Expected, Metadata: eventstore.Metadata{
		CommandID: id, Actor: m.Actor, Correlation: id.String(), ClientTime: m.ClientTime.UTC(), ServerTime: now, Note: m.Note,
	}}
	return cmd, domain.Stamp{By: c.pseudonym(stream, m.Actor), At: now}, nil
}

// pseudonym names an account within one subject: stable there, meaningless
// elsewhere. 80 bits keep two people of one subject apart for good.
func (c *Commands) pseudonym(subject, account string) string {
	mac := hmac.New(sha256.New, c.config.PseudonymKey)
	fmt.Fprintf(mac, "%s\x00%s", subject, account)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:10]))
}

func receipt(stream string, r eventstore.Result, err error) (Receipt, error) {
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Stream: stream, Revision: r.Revision, Position: r.Position, Repeated: r.Repeated}, nil
}

// lookAtRound sees a round's newest fold.
func (c *Commands) lookAtRound(ctx context.Context, id string, see func(*round.Round) error) error {
	if err := round.CheckID(id); err != nil {
		return err
	}
	c.mu.Lock()
	follower, ok := c.rounds[id]
	c.mu.Unlock()
	if !ok {
		follower = eventstore.NewFollower(c.config.Log, c.config.Codec, roundStream(id), new(round.Round))
	}
	return follower.Look(ctx, func(r *round.Round) error {
		if !ok && r.Opened != nil { // remember real rounds only, or names could fill memory
			c.mu.Lock()
			c.rounds[id] = follower
			c.mu.Unlock()
		}
		return see(r)
	})
}

// inRound is what a decision on a subject needs to know of the round.
type inRound struct {
	*round.Opened
	std *domain.Standard
	// progress refuses new work, such as in a round that is closed. It is asked
	// only when there is something to decide: a command that is on record keeps
	// its first result, whatever has happened to the round since.
	progress error
}

// round finds a round and the standard that it adopted.
func (c *Commands) round(ctx context.Context, id string) (inRound, error) {
	var found inRound
	if err := c.lookAtRound(ctx, id, func(r *round.Round) error {
		found.Opened, found.progress = r.Opened, r.InProgress(id)
		if r.Opened == nil {
			return found.progress
		}
		return nil
	}); err != nil {
		return inRound{}, err
	}
	adopted, err := c.adopted(found.Standard, found.StandardHash)
	if err != nil {
		return inRound{}, fmt.Errorf("round %s: %w", id, err)
	}
	found.std = adopted.Standard
	return found, nil
}

func (c *Commands) adopted(id, hash string) (*criteria.Criteria, error) {
	adopted, err := c.config.Criteria(id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, domain.ErrUnknownStandard)
	}
	if hash != "" && adopted.Hash != hash {
		return nil, fmt.Errorf("standard %s has hash %s here, the round adopted %s: %w", id, adopted.Hash, hash, domain.ErrUnknownStandard)
	}
	return adopted, nil
}

// onAssessment runs a decision on a subject's record in a round in progress.
func (c *Commands) onAssessment(
	ctx context.Context, m Meta, id, subject string,
	decide func(*assessment.Assessment, domain.Stamp, *round.Opened) ([]domain.Event, error),
) (Receipt, error) {
	stream := AssessmentStream(id, subject)
	cmd, by, err := c.prepare(m, stream)
	if err != nil {
		return Receipt{}, err
	}
	in, err := c.round(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	if _, _, err := c.subject(ctx, subject); err != nil {
		return Receipt{}, err
	}
	result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd,
		func() *assessment.Assessment { return assessment.New(in.std) },
		func(a *assessment.Assessment) ([]domain.Event, error) {
			if in.progress != nil {
				return nil, in.progress
			}
			return decide(a, by, in.Opened)
		})
	if err != nil {
		return Receipt{}, fmt.Errorf("%s in round %s: %w", subject, id, err)
	}
	return receipt(stream, result, nil)
}

// subject looks a center or district up in the registry.
func (c *Commands) subject(ctx context.Context, code string) (kind domain.SubjectKind, district string, err error) {
	err = c.registry.Look(ctx, func(r *registry.Registry) error {
		kind, district, err = r.Lookup(code)
		return err
	})
	return kind, district, err
}
