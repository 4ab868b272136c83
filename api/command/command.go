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
	"mingjian/domain/rights"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// Meta goes with every command.
type Meta struct {
	// ID is made by the client (a UUID, version 7 for choice). The same ID sent
	// again returns the first result and records nothing.
	ID string
	// Actor is the account that acts, as its session says.
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

// Results tells what decisions need that no single stream knows. Each answer
// rests on all that is on record when it is asked for.
type Results interface {
	// Approved counts the round's approved centers after the first logSize
	// application events of the log, and says what logSize is: as many events as
	// are known to be on record, all of the round's earlier ones included.
	Approved(ctx context.Context, round string) (approved int, logSize int64, err error)
	// OpenAppeals counts the round's appeals in which a decision is due.
	OpenAppeals(ctx context.Context, round string) (int, error)
	// HonorTwins lists the claims of the same honor by other centers of the round
	// that were neither withdrawn nor rejected.
	HonorTwins(ctx context.Context, round, subject string, claim assessment.HonorClaimed) ([]assessment.Twin, error)
}

// Actors tells what an account may be at the moment.
type Actors interface {
	// Actor finds an account with its grants, as the log has them now. An account
	// that is unknown or disabled is domain.ErrUnknownAccount or ErrDisabled.
	Actor(ctx context.Context, account string) (rights.Actor, error)
}

// Evidence tells which pieces of evidence have arrived.
type Evidence interface {
	// Has reports whether a piece is in the store, by its SHA-256.
	Has(ctx context.Context, sha256 string) (bool, error)
}

// Config says what the commands work on.
type Config struct {
	Log      *eventstore.Log
	Codec    *eventstore.Codec
	Criteria func(id string) (*criteria.Criteria, error)
	Guides   func(id string) (*criteria.Guide, error)
	// Calendars finds the newest version of a working-day calendar.
	Calendars func(id string) (*criteria.Calendar, error)
	Results   Results
	Actors    Actors
	Evidence  Evidence
	// PseudonymKey keeps pseudonyms meaningless to whoever lacks it; 32 bytes.
	PseudonymKey []byte
	Now          func() time.Time // time.Now if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Log == nil || c.Codec == nil || c.Criteria == nil || c.Guides == nil || c.Calendars == nil || c.Results == nil || c.Actors == nil || c.Evidence == nil {
		faults = append(faults, errors.New("command: log, codec, criteria, guides, calendars, results, actors and evidence are needed"))
	}
	if len(c.PseudonymKey) < 32 {
		faults = append(faults, fmt.Errorf("command: a pseudonym key of %d bytes, at least 32 needed", len(c.PseudonymKey)))
	}
	return errors.Join(faults...)
}

// Commands carries out commands. It is safe for concurrent use, also by many
// processes on one log.
type Commands struct {
	config Config
	*followed
}

// followed is what all commands look at.
type followed struct {
	registry *eventstore.Follower[*registry.Registry]

	mu     sync.Mutex
	rounds map[string]*eventstore.Follower[*round.Round]
	// honors is held by the one command on honors that looks for twins.
	honors chan struct{}
}

// New makes the commands.
func New(c Config) (*Commands, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Commands{config: c, followed: &followed{
		registry: eventstore.NewFollower(c.Log, c.Codec, registryStream, registry.New()),
		rounds:   make(map[string]*eventstore.Follower[*round.Round]),
		honors:   make(chan struct{}, 1),
	}}, nil
}

// At is the same commands by another clock, for what is told in a time of its
// own: a simulation, or what is brought in from elsewhere.
func (c *Commands) At(now func() time.Time) *Commands {
	config := c.config
	config.Now = now
	return &Commands{config: config, followed: c.followed}
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

// prepared is a command that is stamped and knows who sends it.
type prepared struct {
	eventstore.Command
	by    domain.Stamp
	actor rights.Actor
	name  rights.Command
	on    string // the subject, "" where there is none
}

// allow refuses what the actor's grants do not allow. It is asked only when
// there is something to decide: a command that is on record keeps its result,
// whatever became of its sender.
func (p prepared) allow() error { return rights.Allow(p.actor, p.name, p.on) }

// prepare checks a command's metadata, stamps it, and finds its actor.
func (c *Commands) prepare(ctx context.Context, m Meta, name rights.Command, subject, stream string) (prepared, error) {
	id, err := uuid.Parse(m.ID)
	if err != nil || id == uuid.Nil {
		return prepared{}, fmt.Errorf("command id %.60q is not a UUID: %w", m.ID, domain.ErrInvalid)
	}
	if actor := strings.TrimSpace(m.Actor); actor == "" || len(m.Actor) > maxActor {
		return prepared{}, fmt.Errorf("actor %.60q: an account of at most %d bytes is needed: %w", m.Actor, maxActor, domain.ErrInvalid)
	}
	if len(m.Note) > maxNote {
		return prepared{}, fmt.Errorf("note of %d bytes, at most %d: %w", len(m.Note), maxNote, domain.ErrInvalid)
	}
	actor, err := c.config.Actors.Actor(ctx, m.Actor)
	if err != nil {
		return prepared{}, err
	}
	now := c.now()
	return prepared{
		Command: eventstore.Command{Stream: stream, Expected: m.Expected, Metadata: eventstore.Metadata{
			CommandID: id, Actor: m.Actor, Correlation: id.String(), ClientTime: m.ClientTime.UTC(), ServerTime: now, Note: m.Note,
		}},
		by: domain.Stamp{By: c.Pseudonym(stream, m.Actor), At: now}, actor: actor, name: name, on: subject,
	}, nil
}

// now is the deciding server's time as it is kept.
func (c *Commands) now() time.Time { return c.config.Now().UTC().Truncate(time.Millisecond) }

// Pseudonym names an account within one stream: stable there, meaningless
// elsewhere. 80 bits keep two people of one subject apart for good.
func (c *Commands) Pseudonym(stream, account string) string {
	return Pseudonym(c.config.PseudonymKey, stream, account)
}

// Pseudonym is an account's name within one stream under a key.
func Pseudonym(key []byte, stream, account string) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\x00%s", stream, account)
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
	std   *domain.Standard
	rules assessment.Rules
	// calendar is the id of the one that is pinned, calendarHash its hash.
	calendar, calendarHash string
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
		found.calendar, found.calendarHash = r.Calendar, r.CalendarHash
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
	guide, err := c.guide(found.Guide, found.GuideHash, found.Standard)
	if err != nil {
		return inRound{}, fmt.Errorf("round %s: %w", id, err)
	}
	found.std, found.rules = adopted.Standard, assessment.Rules{Compute: adopted.Compute}
	if guide != nil {
		found.rules.Guide = guide.Guide
	}
	return found, nil
}

// guide finds a scoring guide that a round adopts or, by hash, has adopted;
// nil where it has none.
func (c *Commands) guide(id, hash, standard string) (*criteria.Guide, error) {
	if id == "" {
		return nil, nil
	}
	guide, err := c.config.Guides(id)
	if err != nil {
		return nil, err
	}
	if guide.Standard != standard {
		return nil, fmt.Errorf("guide %s is for standard %s, the round adopts %s: %w", id, guide.Standard, standard, domain.ErrInvalid)
	}
	if hash != "" && guide.Hash != hash {
		return nil, fmt.Errorf("guide %s has hash %s here, the round adopted %s: %w", id, guide.Hash, hash, domain.ErrUnknownStandard)
	}
	return guide, nil
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

// decision is what a command on a subject's record comes to.
type decision = func(*assessment.Assessment, domain.Stamp, *round.Opened) ([]domain.Event, error)

// onAssessment runs a decision on a subject's record in a round in progress.
func (c *Commands) onAssessment(ctx context.Context, m Meta, name rights.Command, id, subject string, decide decision) (Receipt, error) {
	cmd, err := c.prepare(ctx, m, name, subject, AssessmentStream(id, subject))
	if err != nil {
		return Receipt{}, err
	}
	return c.decide(ctx, cmd, id, subject, decide)
}

func (c *Commands) decide(ctx context.Context, cmd prepared, id, subject string, decide decision) (Receipt, error) {
	in, err := c.round(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	if _, _, err := c.subject(ctx, subject); err != nil {
		return Receipt{}, err
	}
	result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd.Command,
		func() *assessment.Assessment {
			a := assessment.New(in.std)
			a.Rules = in.rules
			return a
		},
		func(a *assessment.Assessment) ([]domain.Event, error) {
			if err := cmd.allow(); err != nil {
				return nil, err
			}
			if in.progress != nil {
				return nil, in.progress
			}
			return decide(a, cmd.by, in.Opened)
		})
	if err != nil {
		return Receipt{}, fmt.Errorf("%s in round %s: %w", subject, id, err)
	}
	return receipt(cmd.Stream, result, nil)
}

// subject looks a center or district up in the registry.
func (c *Commands) subject(ctx context.Context, code string) (kind domain.SubjectKind, district string, err error) {
	err = c.registry.Look(ctx, func(r *registry.Registry) error {
		kind, district, err = r.Lookup(code)
		return err
	})
	return kind, district, err
}
