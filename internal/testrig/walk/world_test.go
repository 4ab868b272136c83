package walk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

const (
	calendarFile = "../../../criteria/calendar/cn.csv"
	theRound     = "walk"
	theRegistry  = "registry"
	system       = "system"
)

// fact is an event on the log.
type fact struct {
	stream, account string
	event           domain.Event
}

// state is an aggregate of the domain.
type state interface {
	Apply(event domain.Event) error
}

// twin is an aggregate as decisions see it, and another that is folded from
// what is stored: a decision that changed what it decides on, or an event that
// is not stored as it is, would part them.
type twin[S state] struct{ seen, stored S }

func (t twin[S]) apply(event, stored domain.Event) error {
	return errors.Join(t.seen.Apply(event), t.stored.Apply(stored))
}

func (t twin[S]) parted() bool { return !reflect.DeepEqual(t.seen, t.stored) }

// shared is what all worlds have in common; nobody changes it.
type shared struct {
	std       *domain.Standard
	codec     *eventstore.Codec
	calendars []*domain.Calendar // by version: each holds a year more
	almanacs  []almanac
}

func newShared() (*shared, error) {
	s := &shared{codec: eventstore.NewCodec()}
	var err error
	if s.std, err = newStandard(); err != nil {
		return nil, err
	}
	for year := 2018; year <= 2026; year++ {
		book, calendar, err := readAlmanac(calendarFile, year)
		if err != nil {
			return nil, err
		}
		s.calendars, s.almanacs = append(s.calendars, calendar), append(s.almanacs, book)
	}
	return s, guide.Validate(s.std)
}

// hashOf names a version of the calendar.
func hashOf(version int) string { return fmt.Sprintf("%064x", version) }

// world is one round from its opening to its end, and whoever has to do with it.
type world struct {
	*shared
	rng    *rand.Rand
	clock  time.Time
	people []*person
	// version is the newest calendar that the program has.
	version int
	plan    round.Opened

	registry twin[*registry.Registry]
	round    twin[*round.Round]
	records  map[string]*twin[*assessment.Assessment] // by subject
	appeals  map[string]*twin[*appeal.Appeal]         // by id
	filed    []string                                 // appeals in order
	subjects []subject
	focus    int // the subject that the walk stays with for a while
	evidence map[string]bool
	log      []fact
	// due are the decisions that the reaction has not carried out, done those that
	// it has.
	due, done []decision

	check *checks
	trace []string // the newest steps
	tally *tally
}

type subject struct {
	code, district string
	kind           domain.SubjectKind
}

type decision struct {
	appeal  string
	decided *appeal.Decided
}

// person is an account, with what it may be at the moment.
type person struct{ rights.Actor }

func newWorld(s *shared, rng *rand.Rand, t *tally) *world {
	w := &world{
		shared: s, rng: rng, tally: t, evidence: make(map[string]bool),
		registry: twin[*registry.Registry]{registry.New(), registry.New()},
		round:    twin[*round.Round]{new(round.Round), new(round.Round)},
		records:  make(map[string]*twin[*assessment.Assessment]), appeals: make(map[string]*twin[*appeal.Appeal]),
		subjects: []subject{
			{"310101", "310101", domain.District},
			{"310101001", "310101", domain.Center},
			{"310101002", "310101", domain.Center},
			{"310104", "310104", domain.District},
			{"310104001", "310104", domain.Center},
		},
	}
	// From 2018 on, so that each version of the calendar ends within some walk.
	w.version = rng.IntN(len(s.calendars) - 1)
	w.clock = time.Date(2018+w.version, time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), 0, 0, time.UTC)
	w.plan = round.Opened{
		Round: theRound, Name: "演练", Standard: "walk", Calendar: "cn", Guide: guide.ID,
		Assessment: domain.Period{From: "2018-01-01", To: "2028-12-31"}, Honors: domain.Period{From: "2018-01-01", To: "2027-12-31"},
		AppealDays: 1 + rng.IntN(15), DecisionDays: 1 + rng.IntN(20), Notice: rng.IntN(2) == 0,
	}
	w.check = newChecks(w)
	w.cast()
	return w
}

// cast makes people of each of the seven kinds: the public has no grant. Some
// have several roles, some belong to a subject that they would judge.
func (w *world) cast() {
	add := func(name string, grants ...rights.Grant) {
		w.people = append(w.people, &person{rights.Actor{Account: name, Grants: grants}})
	}
	for _, c := range []struct {
		role rights.Role
		n    int
	}{{rights.Organizer, 3}, {rights.Assessor, 5}, {rights.Reviewer, 11}, {rights.Auditor, 1}} {
		for i := range c.n {
			add(fmt.Sprint(c.role, i+1), rights.Grant{Role: c.role})
		}
	}
	for _, s := range w.subjects {
		add("of-"+s.code, rights.Grant{Role: rights.Role(s.kind), Subject: s.code})
		add("also-of-"+s.code, rights.Grant{Role: rights.Role(s.kind), Subject: s.code})
	}
	add("public")
	add("assessing-reviewer", rights.Grant{Role: rights.Assessor}, rights.Grant{Role: rights.Reviewer})
	add("reviewing-organizer", rights.Grant{Role: rights.Organizer}, rights.Grant{Role: rights.Reviewer})
	add("reviewer-of-center", rights.Grant{Role: rights.Reviewer}, rights.Grant{Role: rights.Center, Subject: "310101001"})
	add("assessor-of-district", rights.Grant{Role: rights.Assessor}, rights.Grant{Role: rights.District, Subject: "310104"})
	add("organizer-of-center", rights.Grant{Role: rights.Organizer}, rights.Grant{Role: rights.Center, Subject: "310104001"})
}

// pseudonym names an account within a stream. A test knows whom it means.
func pseudonym(account, stream string) string { return account + "@" + stream }

// accountOf is the account behind a pseudonym.
func accountOf(pseudonym string) string {
	account, _, _ := strings.Cut(pseudonym, "@")
	return account
}

// record is a subject's, opened or not.
func (w *world) record(subject string) *assessment.Assessment {
	t := w.records[subject]
	if t == nil {
		t = &twin[*assessment.Assessment]{assessment.New(w.std), assessment.New(w.std)}
		t.seen.Rules = assessment.Rules{Guide: &guide, Compute: compute}
		w.records[subject] = t
	}
	return t.seen
}

func (w *world) appeal(id string) *twin[*appeal.Appeal] {
	t := w.appeals[id]
	if t == nil {
		t = &twin[*appeal.Appeal]{appeal.New(), appeal.New()}
		w.appeals[id] = t
	}
	return t
}

// commit puts what was decided on the log, and holds it against the checks.
func (w *world) commit(stream, account string, events []domain.Event) error {
	for _, event := range events {
		name, data, err := w.codec.Encode(event)
		if err != nil {
			return err
		}
		stored, err := w.codec.Decode(name, data)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(event, stored) {
			return fmt.Errorf("%s is stored as another event:\n%+v\n%+v", name, event, stored)
		}
		f := fact{stream, account, event}
		if err := w.check.before(f); err != nil {
			return err
		}
		if err := w.fold(stream, event, stored); err != nil {
			return fmt.Errorf("%s was decided and cannot be applied: %w", name, err)
		}
		w.log = append(w.log, f)
		w.tally.events[name]++
		if err := w.check.after(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) fold(stream string, event, stored domain.Event) error {
	switch {
	case stream == theRegistry:
		return w.registry.apply(event, stored)
	case stream == theRound:
		return w.round.apply(event, stored)
	case strings.HasPrefix(stream, appeal.StreamPrefix):
		id := stream[len(appeal.StreamPrefix):]
		switch e := event.(type) {
		case *appeal.Filed:
			w.filed = append(w.filed, id)
		case *appeal.Decided:
			w.due = append(w.due, decision{id, e})
		}
		return w.appeal(id).apply(event, stored)
	}
	w.record(stream)
	return w.records[stream].apply(event, stored)
}

// parted names a stream whose folds differ.
func (w *world) parted() error {
	for _, s := range w.subjects {
		t := w.records[s.code]
		if t == nil {
			continue
		}
		t.stored.Rules, t.seen.Rules = assessment.Rules{}, assessment.Rules{} // functions are never equal
		same := !t.parted()
		t.seen.Rules = assessment.Rules{Guide: &guide, Compute: compute}
		if !same {
			return fmt.Errorf("record of %s: what is stored folds to something else\n%+v\n%+v", s.code, t.seen, t.stored)
		}
	}
	for _, id := range w.filed {
		if t := w.appeals[id]; t.parted() {
			return fmt.Errorf("appeal %s: what is stored folds to something else\n%+v\n%+v", id, t.seen, t.stored)
		}
	}
	if w.registry.parted() || w.round.parted() {
		return errors.New("registry or round: what is stored folds to something else")
	}
	return nil
}

// pass lets time pass: seconds mostly, sometimes a night, a weekend or a
// holiday, rarely a season.
func (w *world) pass() {
	d := time.Duration(w.rng.IntN(60_000)) * time.Millisecond
	switch n := w.rng.IntN(1000); {
	case n < 2:
		d = time.Duration(w.rng.IntN(40*24)) * time.Hour
	case n < 40:
		d = time.Duration(w.rng.IntN(60)) * time.Hour
	case n < 250:
		d = time.Duration(w.rng.IntN(180)) * time.Minute
	}
	w.clock = w.clock.Add(d)
}

func (w *world) note(text string) {
	const kept = 60
	if len(w.trace) == kept {
		w.trace = slices.Delete(w.trace, 0, kept/2)
	}
	w.trace = append(w.trace, text)
}
