package appeal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// limits on what people type and add.
const (
	maxText       = 4000 // characters
	maxEvidence   = 50   // pieces a statement
	maxStatements = 50   // of each party
)

// File puts an appeal on record against what is at stake, before the end of the
// notice's last day. f says who appeals, why, and until when a decision is due;
// what is at stake completes it.
func (a *Appeal) File(by domain.Stamp, f Filed, stake assessment.Stake) ([]domain.Event, error) {
	if a.Status != NotFiled {
		return nil, fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrExists)
	}
	if stake.Lost <= 0 {
		return nil, fmt.Errorf("%s of %s: %w", stake.Lost, stake.Points, domain.ErrNothingAtStake)
	}
	if domain.Late(by.At, stake.AppealBy) {
		return nil, fmt.Errorf("filed on %s, the last day was %s: %w", domain.DayOf(by.At), stake.AppealBy, domain.ErrTooLate)
	}
	switch f.Ground {
	case Fact, Evidence, Procedure, Interpretation:
	default:
		return nil, fmt.Errorf("ground %.40q is none of fact, evidence, procedure, interpretation: %w", f.Ground, domain.ErrInvalid)
	}
	if err := checkStatement(f.Statement, f.Evidence); err != nil {
		return nil, err
	}
	if err := checkDeadline("decideBy", f.DecideBy, by.At); err != nil {
		return nil, err
	}
	f.Stamp, f.Target, f.AppealBy = by, stake.Target, stake.AppealBy
	f.Version, f.Outcome, f.Points, f.Item, f.Lost = stake.Version, stake.Outcome, stake.Points, stake.Item, stake.Lost
	return []domain.Event{&f}, nil
}

// Add puts what a party says and shows before the panel.
func (a *Appeal) Add(by domain.Stamp, e EvidenceAdded) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if err := a.speaks(by.By); err != nil {
		return nil, err
	}
	if e.Party != Appellant && e.Party != Assessors {
		return nil, fmt.Errorf("party %.40q is neither appellant nor assessors: %w", e.Party, domain.ErrInvalid)
	}
	if err := checkStatement(e.Statement, e.Evidence); err != nil {
		return nil, err
	}
	said := 0
	for _, statement := range a.Statements {
		if statement.Party == e.Party {
			said++
		}
	}
	if said == maxStatements {
		return nil, fmt.Errorf("appeal %s has %d statements of the %s, no more are taken: %w", a.Filed.Appeal, said, e.Party, domain.ErrInvalid)
	}
	e.Stamp = by
	return []domain.Event{&e}, nil
}

// Withdraw takes an appeal back whose decision is due. After an escalation, the
// first panel's decision stands.
func (a *Appeal) Withdraw(by domain.Stamp, reason string) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if err := a.speaks(by.By); err != nil {
		return nil, err
	}
	if err := checkReason("withdrawing", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&Withdrawn{Stamp: by, Reason: reason}}, nil
}

// Escalate takes the first panel's decision to a second one, whose last day is
// decideBy by the calendar with the given hash.
func (a *Appeal) Escalate(by domain.Stamp, statement, decideBy, calendar string) ([]domain.Event, error) {
	if err := a.final(); err != nil {
		return nil, err
	}
	if err := a.speaks(by.By); err != nil {
		return nil, err
	}
	if last := a.Decisions[0].EscalateBy; domain.Late(by.At, last) {
		return nil, fmt.Errorf("escalated on %s, the last day was %s: %w", domain.DayOf(by.At), last, domain.ErrTooLate)
	}
	if err := checkStatement(statement, nil); err != nil {
		return nil, err
	}
	if err := checkDeadline("decideBy", decideBy, by.At); err != nil {
		return nil, err
	}
	return []domain.Event{&Escalated{Stamp: by, Statement: statement, DecideBy: decideBy, Calendar: calendar}}, nil
}

// speaks refuses to let those speak for a party who hear the appeal, heard it on
// the first panel, or were taken off one.
func (a *Appeal) speaks(who string) error {
	if a.Former[who] || a.Recused[who] || slices.Contains(a.Members, who) {
		return fmt.Errorf("a member of the panel of appeal %s speaks for no party: %w", a.Filed.Appeal, domain.ErrFourEyes)
	}
	return nil
}

// checkDeadline wants a day that is not over.
func checkDeadline(field, day string, now time.Time) error {
	if domain.Late(now, day) {
		return fmt.Errorf("%s %.40q is not a day as YYYY-MM-DD, %s or later: %w", field, day, domain.DayOf(now), domain.ErrInvalid)
	}
	return nil
}

func checkStatement(statement string, evidence []string) error {
	if strings.TrimSpace(statement) == "" {
		return fmt.Errorf("a statement: %w", domain.ErrReasonMissing)
	}
	if len(evidence) > maxEvidence {
		return fmt.Errorf("%d pieces of evidence, at most %d: %w", len(evidence), maxEvidence, domain.ErrInvalid)
	}
	faults := []error{checkText("statement", statement)}
	for _, hash := range evidence {
		if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
			faults = append(faults, fmt.Errorf("evidence %.80q is not a SHA-256 in lower-case hex: %w", hash, domain.ErrInvalid))
		}
	}
	return errors.Join(faults...)
}

func checkReason(doing, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("%s: %w", doing, domain.ErrReasonMissing)
	}
	return checkText("reason", reason)
}

func checkText(field, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not valid UTF-8: %w", field, domain.ErrInvalid)
	}
	if n := utf8.RuneCountInString(text); n > maxText {
		return fmt.Errorf("%s has %d characters, at most %d: %w", field, n, maxText, domain.ErrInvalid)
	}
	return nil
}
