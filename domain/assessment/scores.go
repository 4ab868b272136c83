package assessment

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mingjian/domain"
)

// Score is a finding that an assessor wants on record.
type Score struct {
	Clause string
	Finding
}

// Limits on what people type, so that one command always fits an append.
const (
	maxText     = 4000 // characters in a reason
	maxEvidence = 50   // pieces of evidence a finding
	maxTeam     = 50   // people ever assigned to a subject
)

// Open starts the record of a subject.
func (a *Assessment) Open(o Opened) ([]domain.Event, error) {
	if a.Status != NotOpened {
		return nil, fmt.Errorf("assessment of %s in round %s: %w", o.Subject, o.Round, domain.ErrExists)
	}
	return []domain.Event{&o}, nil
}

// RecordScores puts first findings on record, one event each. Either all of
// them pass or nothing is recorded. Only those assigned to the subject do.
func (a *Assessment) RecordScores(by domain.Stamp, scores []Score) ([]domain.Event, error) {
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	if err := a.member(by.By); err != nil {
		return nil, err
	}
	if len(scores) == 0 {
		return nil, fmt.Errorf("no findings to record: %w", domain.ErrInvalid)
	}
	events := make([]domain.Event, 0, len(scores))
	seen := make(map[string]bool, len(scores))
	for _, s := range scores {
		clause, err := a.checkFinding(by.At, &s)
		if err != nil {
			return nil, err
		}
		if entry, ok := a.Entries[clause.Code]; ok {
			return nil, fmt.Errorf("%s has version %d: %w", clause.Code, entry.Version, domain.ErrAlreadyRecorded)
		}
		if seen[clause.Code] {
			return nil, fmt.Errorf("%s is given twice: %w", clause.Code, domain.ErrInvalid)
		}
		seen[clause.Code] = true
		events = append(events, &ScoreRecorded{Stamp: by, Clause: s.Clause, Finding: s.Finding})
	}
	return events, nil
}

// ReviseScore supersedes the standing entry on a clause, which must have the
// version that the assessor saw. After submission it needs a reason, and voids
// a sign-off.
func (a *Assessment) ReviseScore(by domain.Stamp, supersedes int, s Score, why string) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if err := a.member(by.By); err != nil {
		return nil, err
	}
	clause, err := a.checkFinding(by.At, &s)
	if err != nil {
		return nil, err
	}
	entry, ok := a.Entries[clause.Code]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: %w", clause.Code, domain.ErrNotRecorded)
	case entry.Version != supersedes:
		return nil, fmt.Errorf("%s has version %d, not %d: %w", clause.Code, entry.Version, supersedes, domain.ErrSuperseded)
	case entry.Appeal != "":
		return nil, fmt.Errorf("%s was decided by appeal %s: %w", clause.Code, entry.Appeal, domain.ErrDecided)
	case a.Status != InWork && blank(why):
		return nil, fmt.Errorf("revising %s after submission: %w", clause.Code, domain.ErrReasonMissing)
	}
	if err := checkText("why", why); err != nil {
		return nil, err
	}
	return []domain.Event{&ScoreRevised{Stamp: by, Clause: s.Clause, Supersedes: supersedes, Finding: s.Finding, Why: why}}, nil
}

// checkFinding holds a finding against the standard and the round's guide, and
// completes it with what its counts come to.
func (a *Assessment) checkFinding(now time.Time, s *Score) (*domain.Clause, error) {
	clause, err := a.clause(s.Clause)
	if err != nil {
		return nil, err
	}
	if clause.Indicator().Honors {
		return nil, fmt.Errorf("%s is awarded by accepting honor claims only: %w", clause.Code, domain.ErrInvalid)
	}
	if err := checkOutcome(clause, s.Finding); err != nil {
		return nil, err
	}
	if limit, ok := a.Rules.Guide.Cap(clause.Code); ok && s.Outcome == domain.Lost && s.Points > limit {
		return nil, fmt.Errorf("lose %s of at most %s on %s by guide %s: %w", s.Points, limit, clause.Code, a.Rules.Guide.ID, domain.ErrOverGuide)
	}
	if err := a.compute(clause, &s.Finding); err != nil {
		return nil, err
	}
	return clause, checkProvenance(clause, s.Finding, now)
}

// clause finds one that judges the subject.
func (a *Assessment) clause(code string) (*domain.Clause, error) {
	clause, ok := a.std.Clause(code)
	if !ok {
		return nil, fmt.Errorf("%.40q is not a clause of standard %s: %w", code, a.std.ID, domain.ErrUnknownClause)
	}
	if judged := clause.Indicator().Subject; judged != a.Opened.Kind {
		return nil, fmt.Errorf("%s judges the %s, %s is a %s: %w", clause.Code, judged, a.Opened.Subject, a.Opened.Kind, domain.ErrWrongSubject)
	}
	return clause, nil
}

// compute derives the outcome of a measured or listed clause from what was
// counted and ticked. An assessor who finds otherwise says why.
func (a *Assessment) compute(clause *domain.Clause, f *Finding) error {
	f.Computed = ""
	judged := f.Outcome == domain.Met || f.Outcome == domain.Lost
	measured, listed := len(clause.Measures) > 0, len(clause.Checklist) > 0
	if !judged || (!measured && !listed) {
		if len(f.Counts) > 0 || len(f.Checklist) > 0 || f.Override != "" {
			return fmt.Errorf("%s: nothing is counted, ticked or overridden here: %w", clause.Code, domain.ErrInvalid)
		}
		return nil
	}
	met := true
	if measured {
		ok, _, err := a.Rules.Compute(clause.Code, f.Counts)
		if err != nil {
			return err
		}
		met = ok
	} else if len(f.Counts) > 0 {
		return fmt.Errorf("%s: nothing is counted here: %w", clause.Code, domain.ErrInvalid)
	}
	if len(f.Checklist) != len(clause.Checklist) {
		return fmt.Errorf("%s: %d of the checklist's %d items are answered: %w", clause.Code, len(f.Checklist), len(clause.Checklist), domain.ErrInvalid)
	}
	f.Computed = domain.Lost
	if met && !slices.Contains(f.Checklist, false) {
		f.Computed = domain.Met
	}
	switch overridden := f.Computed != f.Outcome; {
	case overridden && blank(f.Override):
		return fmt.Errorf("%s comes to %s, found %s: an override needs its %w", clause.Code, f.Computed, f.Outcome, domain.ErrReasonMissing)
	case !overridden && f.Override != "":
		return fmt.Errorf("%s comes to %s as found, there is nothing to override: %w", clause.Code, f.Computed, domain.ErrInvalid)
	}
	return checkText("override", f.Override)
}

func checkOutcome(clause *domain.Clause, f Finding) error {
	indicator := clause.Indicator()
	switch f.Outcome {
	case domain.Met:
		if indicator.Basis != domain.Deduct || f.Points != 0 {
			return fmt.Errorf("%s: met takes no points and only where points can be lost: %w", clause.Code, domain.ErrInvalid)
		}
	case domain.Lost:
		if indicator.Basis != domain.Deduct || f.Points <= 0 {
			return fmt.Errorf("%s: lost takes points above zero, and only where points can be lost: %w", clause.Code, domain.ErrInvalid)
		}
		if f.Points > indicator.Points {
			return fmt.Errorf("lose %s of %s on %s: %w", f.Points, indicator.Points, indicator.Code, domain.ErrOverIndicator)
		}
		if blank(f.Reason) {
			return fmt.Errorf("losing %s on %s: %w", f.Points, clause.Code, domain.ErrReasonMissing)
		}
	case domain.Awarded:
		if indicator.Basis != domain.Award || f.Points < 0 {
			return fmt.Errorf("%s: awarded takes points from zero, and only where points are awarded: %w", clause.Code, domain.ErrInvalid)
		}
		if f.Points > indicator.Points {
			return fmt.Errorf("award %s of %s on %s: %w", f.Points, indicator.Points, indicator.Code, domain.ErrOverIndicator)
		}
	case domain.NotApplicable:
		if clause.NotApplicable == "" || f.Points != 0 {
			return fmt.Errorf("%s: %w", clause.Code, domain.ErrNotApplicable)
		}
		if blank(f.Reason) {
			return fmt.Errorf("leaving out %s (%s): %w", clause.Code, clause.NotApplicable, domain.ErrReasonMissing)
		}
	default:
		return fmt.Errorf("%s: outcome %.40q is none of met, lost, awarded, notApplicable: %w", clause.Code, f.Outcome, domain.ErrInvalid)
	}
	return nil
}

// maxClockSkew is how far ahead of the server a tablet's clock may run.
const maxClockSkew = 24 * time.Hour

func checkProvenance(clause *domain.Clause, f Finding, now time.Time) error {
	if err := checkSeen(clause, f.Method, f.ObservedAt, now); err != nil {
		return err
	}
	if err := checkText("reason", f.Reason); err != nil {
		return err
	}
	return checkEvidence(f.Evidence)
}

// checkSeen wants to know how and when something was seen.
func checkSeen(clause *domain.Clause, method Method, at, now time.Time) error {
	switch method {
	case SiteVisit, MysteryVisit, Documents, Interview, PhoneSampling, SystemData:
	default:
		return fmt.Errorf("%s: method %.40q is none of siteVisit, mysteryVisit, documents, interview, phoneSampling, systemData: %w", clause.Code, method, domain.ErrInvalid)
	}
	if at.IsZero() || at.After(now.Add(maxClockSkew)) {
		return fmt.Errorf("%s: observedAt %s is missing or in the future: %w", clause.Code, at.Format(time.RFC3339), domain.ErrInvalid)
	}
	return nil
}

func checkEvidence(hashes []string) error {
	if len(hashes) > maxEvidence {
		return fmt.Errorf("%d pieces of evidence, at most %d: %w", len(hashes), maxEvidence, domain.ErrInvalid)
	}
	for _, h := range hashes {
		if err := checkHash("evidence", h); err != nil {
			return err
		}
	}
	return nil
}

// checkHash wants a SHA-256 in lower-case hex.
func checkHash(field, hash string) error {
	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return fmt.Errorf("%s %.80q is not a SHA-256 in lower-case hex: %w", field, hash, domain.ErrInvalid)
	}
	return nil
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

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// unlocked allows first findings and claims only before submission.
func (a *Assessment) unlocked() error {
	switch a.Status {
	case NotOpened:
		return fmt.Errorf("assessment: %w", domain.ErrNotOpened)
	case InWork:
		return nil
	default:
		return fmt.Errorf("assessment of %s is %s: %w", a.Opened.Subject, a.Status, domain.ErrLocked)
	}
}
