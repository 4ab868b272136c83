package testrig

import (
	"errors"

	"mingjian/domain"
)

// rules is every rule of the domain that a command can be refused by, besides
// those of accounts.
var rules = []error{
	domain.ErrInvalid, domain.ErrUnknownRound, domain.ErrUnknownSubject, domain.ErrUnknownStandard, domain.ErrUnknownClause,
	domain.ErrUnknownItem, domain.ErrWrongSubject, domain.ErrOverIndicator, domain.ErrAlreadyRecorded, domain.ErrNotRecorded,
	domain.ErrSuperseded, domain.ErrReasonMissing, domain.ErrNotApplicable, domain.ErrExists, domain.ErrNotOpened,
	domain.ErrRoundClosed, domain.ErrLocked, domain.ErrIncomplete, domain.ErrNotSubmitted, domain.ErrForbidden,
	domain.ErrNotAssigned, domain.ErrNotLead, domain.ErrRecused, domain.ErrOverGuide, domain.ErrUnknownEvidence,
	domain.ErrFourEyes, domain.ErrDecided, domain.ErrHonorPeriod, domain.ErrNothingApproved, domain.ErrNotApproved,
	domain.ErrNotNotified, domain.ErrTooLate, domain.ErrTooEarly, domain.ErrNothingAtStake, domain.ErrUnderAppeal,
	domain.ErrUnknownAppeal, domain.ErrNotOpen, domain.ErrPanel, domain.ErrNotOnPanel, domain.ErrVotesMissing,
	domain.ErrNotWorse, domain.ErrNotDeliberated, domain.ErrNoCalendar, domain.ErrCalendarYear, domain.ErrUnknownAccount,
}

// Rule is the one rule that a refusal is by; nil where it is by none, or by
// several.
func Rule(err error) (rule error) {
	for _, r := range rules {
		if errors.Is(err, r) {
			if rule != nil {
				return nil
			}
			rule = r
		}
	}
	return rule
}
