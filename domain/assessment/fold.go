package assessment

import (
	"fmt"
	"slices"

	"mingjian/domain"
)

// Status is where a record stands in its review.
type Status string

// A record is opened, submitted when complete, and approved by a second
// person. Any change of points after submission voids the sign-off: the record
// is submitted again, not approved.
const (
	NotOpened Status = ""
	InWork    Status = "inWork"
	InReview  Status = "submitted"
	SignedOff Status = "approved"
)

// Record is the part of the fold that scores and lists need: small enough to
// be kept for every subject of a nationwide round. Read models fold with it
// too, so that there is one fold.
type Record struct {
	Status Status
	Sheet  domain.Sheet
	// Versions counts the entries per clause (by Clause.Index): 0 is none.
	Versions []int32
	// Standing holds the item of each deduction imposed, by number − 1; "" once
	// it is lifted, or an appeal's decision has left nothing of it.
	Standing []string
	std      *domain.Standard
}

// NewRecord makes the record of a subject that has no events yet.
func NewRecord(std *domain.Standard) *Record {
	return &Record{std: std, Sheet: domain.NewSheet(std), Versions: make([]int32, len(std.Clauses()))}
}

// Apply folds one event. An event that is unknown, or cannot follow what was
// folded before, is an error and must stop the reader.
func (r *Record) Apply(event domain.Event) error {
	switch event.(type) {
	case *ScoreRecorded, *HonorClaimed: // rule 4: nothing new while locked
		if r.Status == InReview || r.Status == SignedOff {
			return fmt.Errorf("%s on a record that is %s: %w", event.EventType(), r.Status, domain.ErrLocked)
		}
	}
	switch e := event.(type) {
	case *Opened:
		return r.move(NotOpened, InWork, domain.ErrExists)
	case *ScoreRecorded:
		return r.enter(e.Clause, 0, e.Finding)
	case *ScoreRevised:
		if err := revises(e.Clause, e.Supersedes); err != nil {
			return err
		}
		return r.enter(e.Clause, e.Supersedes, e.Finding)
	case *DeductionImposed:
		return r.impose(e.Deduction, e.Item)
	case *DeductionLifted:
		return r.lift(e.Deduction)
	case *HonorClaimed:
		return r.claims(1, 0)
	case *HonorAccepted:
		return r.claims(-1, e.Points)
	case *HonorRejected, *HonorWithdrawn:
		return r.claims(-1, 0)
	case *ScoreCorrected:
		if err := revises(e.Clause, e.Supersedes); err != nil {
			return err
		}
		return r.supersede(e.Clause, e.Supersedes, domain.Finding{Outcome: e.Outcome, Points: e.Points})
	case *DeductionCorrected:
		return r.replace(e.Deduction, e.Item)
	case *AssessorAssigned, *AssessorRecused, *ObservationRecorded, *ReplyFiled, *ReplyRedacted:
		return r.opened()
	case *ResultNotified:
		return r.move(SignedOff, SignedOff, domain.ErrNotApproved)
	case *Submitted:
		return r.move(InWork, InReview, domain.ErrLocked)
	case *Returned:
		return r.move(InReview, InWork, domain.ErrNotSubmitted)
	case *Approved:
		return r.move(InReview, SignedOff, domain.ErrNotSubmitted)
	default:
		return fmt.Errorf("assessment: %T: %w", event, domain.ErrUnknownEvent)
	}
}

func (r *Record) move(from, to Status, otherwise error) error {
	if r.Status != from {
		return fmt.Errorf("from %q to %q: %w", r.Status, to, otherwise)
	}
	r.Status = to
	return nil
}

// revises refuses an entry that supersedes nothing: that is for ScoreRecorded.
func revises(code string, supersedes int) error {
	if supersedes < 1 {
		return fmt.Errorf("%s: version %d is superseded: %w", code, supersedes, domain.ErrNotRecorded)
	}
	return nil
}

// enter takes an entry that an assessor made, which voids a sign-off.
func (r *Record) enter(code string, supersedes int, finding Finding) error {
	if err := r.supersede(code, supersedes, domain.Finding{Outcome: finding.Outcome, Points: finding.Points}); err != nil {
		return err
	}
	return r.change()
}

// supersede puts a finding in the place of the version that stands, 0 for none.
func (r *Record) supersede(code string, supersedes int, finding domain.Finding) error {
	if err := r.opened(); err != nil {
		return err
	}
	clause, ok := r.std.Clause(code)
	if !ok {
		return fmt.Errorf("%s: %w", code, domain.ErrUnknownClause)
	}
	if int(r.Versions[clause.Index()]) != supersedes {
		return fmt.Errorf("%s: version %d follows %d: %w", code, supersedes+1, r.Versions[clause.Index()], domain.ErrSuperseded)
	}
	r.Versions[clause.Index()]++
	r.Sheet.Findings[clause.Index()] = finding
	return nil
}

func (r *Record) impose(number int, item string) error {
	if number != len(r.Standing)+1 {
		return fmt.Errorf("deduction %d follows %d: %w", number, len(r.Standing), domain.ErrUnknownItem)
	}
	if err := r.change(); err != nil {
		return err
	}
	r.Standing = append(r.Standing, item)
	r.Sheet.Items = append(slices.Clip(r.Sheet.Items), item)
	return nil
}

func (r *Record) lift(number int) error {
	if err := r.replace(number, ""); err != nil {
		return err
	}
	return r.change()
}

// replace makes another item of a deduction that stands, or "" to end it.
func (r *Record) replace(number int, item string) error {
	if number < 1 || number > len(r.Standing) || r.Standing[number-1] == "" {
		return fmt.Errorf("deduction %d does not stand: %w", number, domain.ErrUnknownItem)
	}
	r.Standing[number-1] = item
	r.Sheet.Items = slices.DeleteFunc(slices.Clone(r.Standing), func(item string) bool { return item == "" })
	return nil
}

// claims counts a claim that came (1) or was decided (-1) with points.
func (r *Record) claims(more int, points domain.Points) error {
	if r.Sheet.HonorsPending+more < 0 {
		return fmt.Errorf("no honor claim waits for a decision: %w", domain.ErrUnknownItem)
	}
	if err := r.change(); err != nil {
		return err
	}
	r.Sheet.HonorsPending += more
	r.Sheet.HonorPoints += points
	return nil
}

// change voids a sign-off (design rule 2). Nothing changes before the opening.
func (r *Record) change() error {
	if err := r.opened(); err != nil {
		return err
	}
	if r.Status == SignedOff {
		r.Status = InReview
	}
	return nil
}

func (r *Record) opened() error {
	if r.Status == NotOpened {
		return fmt.Errorf("assessment: %w", domain.ErrNotOpened)
	}
	return nil
}

// Assessment is the whole fold, as decisions need it: the record with its
// entries, claims and who did what.
type Assessment struct {
	Record
	Opened Opened
	// Entries holds the standing entry per clause code.
	Entries    map[string]Entry
	Deductions []Deduction
	Honors     []Honor
	// Scorers holds the pseudonym of everybody who ever moved a point, or decided
	// whether a claim moves one.
	Scorers     map[string]bool
	SubmittedBy string
	// Team holds everybody who was ever assigned, Recused everybody who was
	// recused, by pseudonym. Lead is the pseudonym of who may submit.
	Team, Recused map[string]bool
	Lead          string
	Observations  []ObservationRecorded
	Returns       []Returned
	// Reviewers holds the pseudonym of everybody who ever returned or approved it.
	Reviewers map[string]bool
	Notices   []Notice
	Replies   []Reply
	// moved is true once a point was moved after the newest notice, other than by
	// an appeal's decision; corrected has the decisions that were carried out.
	moved     bool
	corrected map[decision]bool

	// Rules is what findings are held against besides the standard.
	Rules Rules
}

// Rules is what a round adopted besides the standard's tree.
type Rules struct {
	// Guide caps the loss per clause; nil caps nothing.
	Guide *domain.Guide
	// Compute says whether the counts of a measured clause meet the standard,
	// and which measures do not.
	Compute func(clause string, counts map[string]int64) (met bool, failed []string, err error)
}

// Entry is the standing score entry on a clause.
type Entry struct {
	Version int
	Finding Finding
	Stamp   domain.Stamp
	Appeal  string // the id of the appeal whose decision made it, or ""
}

// Deduction is a section 8 item that was imposed, and what became of it.
type Deduction struct {
	DeductionImposed
	Lifted    *DeductionLifted
	Corrected *DeductionCorrected // by the newest decision
}

// Honor is a claim and its decision, if any.
type Honor struct {
	HonorClaimed
	Accepted  *HonorAccepted
	Rejected  *HonorRejected
	Withdrawn *HonorWithdrawn
}

// New makes an assessment without events.
func New(std *domain.Standard) *Assessment {
	return &Assessment{
		Record: *NewRecord(std), Entries: make(map[string]Entry), Scorers: make(map[string]bool),
		Team: make(map[string]bool), Recused: make(map[string]bool), Reviewers: make(map[string]bool),
		corrected: make(map[decision]bool),
	}
}

// Apply folds one event; see Record.Apply.
func (a *Assessment) Apply(event domain.Event) error {
	if err := a.Record.Apply(event); err != nil {
		return err
	}
	switch event.(type) {
	case *ScoreRecorded, *ScoreRevised, *DeductionImposed, *DeductionLifted, *HonorAccepted, *HonorRejected:
		a.moved = true
	}
	switch e := event.(type) {
	case *Opened:
		a.Opened = *e
	case *ScoreRecorded:
		a.Entries[e.Clause] = Entry{Version: 1, Finding: e.Finding, Stamp: e.Stamp}
		a.Scorers[e.By] = true
	case *ScoreRevised:
		a.Entries[e.Clause] = Entry{Version: e.Supersedes + 1, Finding: e.Finding, Stamp: e.Stamp}
		a.Scorers[e.By] = true
	case *DeductionImposed:
		a.Deductions = append(a.Deductions, Deduction{DeductionImposed: *e})
		a.Scorers[e.By] = true
	case *DeductionLifted:
		a.Deductions[e.Deduction-1].Lifted = e
		a.Scorers[e.By] = true
	case *HonorClaimed:
		if e.Honor != len(a.Honors)+1 {
			return fmt.Errorf("honor claim %d follows %d: %w", e.Honor, len(a.Honors), domain.ErrUnknownItem)
		}
		a.Honors = append(a.Honors, Honor{HonorClaimed: *e})
	case *HonorAccepted:
		a.Scorers[e.By] = true
		return a.decided(e.Honor, func(h *Honor) { h.Accepted = e })
	case *HonorRejected:
		a.Scorers[e.By] = true
		return a.decided(e.Honor, func(h *Honor) { h.Rejected = e })
	case *HonorWithdrawn:
		return a.decided(e.Honor, func(h *Honor) { h.Withdrawn = e })
	case *AssessorAssigned:
		return a.assigned(e)
	case *AssessorRecused:
		return a.recused(e)
	case *ObservationRecorded:
		if e.Observation != len(a.Observations)+1 {
			return fmt.Errorf("observation %d follows %d: %w", e.Observation, len(a.Observations), domain.ErrUnknownItem)
		}
		a.Observations = append(a.Observations, *e)
	case *Returned:
		a.Returns = append(a.Returns, *e)
		a.Reviewers[e.By] = true
	case *Approved:
		a.Reviewers[e.By] = true
	case *Submitted:
		a.SubmittedBy = e.By
	case *ResultNotified:
		return a.notified(e)
	case *ScoreCorrected:
		return a.scoreCorrected(e)
	case *DeductionCorrected:
		return a.deductionCorrected(e)
	case *ReplyFiled:
		return a.replied(e)
	case *ReplyRedacted:
		return a.redacted(e)
	}
	return nil
}

func (a *Assessment) decided(number int, set func(*Honor)) error {
	if err := a.undecided(number); err != nil {
		return err
	}
	set(&a.Honors[number-1])
	return nil
}
