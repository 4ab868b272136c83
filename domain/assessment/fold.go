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
	// it is lifted.
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
	switch e := event.(type) {
	case *Opened:
		r.Status = InWork
	case *ScoreRecorded:
		return r.enter(e.Clause, 1, e.Finding)
	case *ScoreRevised:
		return r.enter(e.Clause, e.Supersedes+1, e.Finding)
	case *DeductionImposed:
		if e.Deduction != len(r.Standing)+1 {
			return fmt.Errorf("deduction %d follows %d: %w", e.Deduction, len(r.Standing), domain.ErrUnknownItem)
		}
		r.Standing = append(r.Standing, e.Item)
		r.Sheet.Items = append(slices.Clip(r.Sheet.Items), e.Item)
		r.changed()
	case *DeductionLifted:
		return r.lift(e.Deduction)
	case *HonorClaimed:
		r.Sheet.HonorsPending++
		r.changed()
	case *HonorAccepted:
		r.Sheet.HonorsPending--
		r.Sheet.HonorPoints += e.Points
		r.changed()
	case *HonorRejected:
		r.Sheet.HonorsPending--
		r.changed()
	case *Submitted:
		r.Status = InReview
	case *Approved:
		r.Status = SignedOff
	default:
		return fmt.Errorf("assessment: %T: %w", event, domain.ErrUnknownEvent)
	}
	return nil
}

func (r *Record) enter(code string, version int, finding Finding) error {
	clause, ok := r.std.Clause(code)
	if !ok {
		return fmt.Errorf("%s: %w", code, domain.ErrUnknownClause)
	}
	if int(r.Versions[clause.Index()]) != version-1 {
		return fmt.Errorf("%s: version %d follows %d: %w", code, version, r.Versions[clause.Index()], domain.ErrSuperseded)
	}
	r.Versions[clause.Index()] = int32(version)
	r.Sheet.Findings[clause.Index()] = domain.Finding{Outcome: finding.Outcome, Points: finding.Points}
	r.changed()
	return nil
}

func (r *Record) lift(number int) error {
	if number < 1 || number > len(r.Standing) || r.Standing[number-1] == "" {
		return fmt.Errorf("deduction %d does not stand: %w", number, domain.ErrUnknownItem)
	}
	r.Standing[number-1] = ""
	r.Sheet.Items = slices.DeleteFunc(slices.Clone(r.Standing), func(item string) bool { return item == "" })
	r.changed()
	return nil
}

// changed voids a sign-off (design rule 2).
func (r *Record) changed() {
	if r.Status == SignedOff {
		r.Status = InReview
	}
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
	// Scorers holds the pseudonym of everybody who ever moved a point.
	Scorers     map[string]bool
	SubmittedBy string
}

// Entry is the standing score entry on a clause.
type Entry struct {
	Version int
	Finding Finding
	Stamp   domain.Stamp
}

// Deduction is a section 8 item that was imposed, and whether it was lifted.
type Deduction struct {
	DeductionImposed
	Lifted *DeductionLifted
}

// Honor is a claim and its decision, if any.
type Honor struct {
	HonorClaimed
	Accepted *HonorAccepted
	Rejected *HonorRejected
}

// New makes an assessment without events.
func New(std *domain.Standard) *Assessment {
	return &Assessment{Record: *NewRecord(std), Entries: make(map[string]Entry), Scorers: make(map[string]bool)}
}

// Apply folds one event; see Record.Apply.
func (a *Assessment) Apply(event domain.Event) error {
	if err := a.Record.Apply(event); err != nil {
		return err
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
		a.Honors = append(a.Honors, Honor{HonorClaimed: *e})
	case *HonorAccepted:
		return a.decided(e.Honor, func(h *Honor) { h.Accepted = e })
	case *HonorRejected:
		return a.decided(e.Honor, func(h *Honor) { h.Rejected = e })
	case *Submitted:
		a.SubmittedBy = e.By
	}
	return nil
}

func (a *Assessment) decided(number int, set func(*Honor)) error {
	if number < 1 || number > len(a.Honors) {
		return fmt.Errorf("honor claim %d of %d: %w", number, len(a.Honors), domain.ErrUnknownItem)
	}
	set(&a.Honors[number-1])
	return nil
}
