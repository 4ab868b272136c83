package domain

import "errors"

// The rules that a command can break. A decision wraps exactly one of them
// with the numbers and ids of the case: "lose 3.50 of 3.00 on 1.1: over the
// indicator's points". Nothing is recorded when a rule is broken, and sending
// the same command again does not help.
var (
	ErrInvalid         = errors.New("invalid input")
	ErrUnknownRound    = errors.New("unknown round")
	ErrUnknownSubject  = errors.New("unknown center or district")
	ErrUnknownStandard = errors.New("unknown standard")
	ErrUnknownClause   = errors.New("unknown clause")
	ErrUnknownItem     = errors.New("unknown deduction item, deduction or honor claim")
	ErrWrongSubject    = errors.New("clause is judged for another kind of subject")
	ErrOverIndicator   = errors.New("over the indicator's points")
	ErrAlreadyRecorded = errors.New("already recorded, revise it instead")
	ErrNotRecorded     = errors.New("not recorded yet, nothing to revise")
	ErrSuperseded      = errors.New("somebody revised it first")
	ErrReasonMissing   = errors.New("a reason is mandatory")
	ErrNotApplicable   = errors.New("the standard does not allow not applicable here")
	ErrExists          = errors.New("exists already")
	ErrNotOpened       = errors.New("not opened")
	ErrRoundClosed     = errors.New("the round is closed")
	ErrLocked          = errors.New("locked after submission")
	ErrIncomplete      = errors.New("not complete")
	ErrNotSubmitted    = errors.New("not submitted")
	ErrForbidden       = errors.New("not allowed for this account")
	ErrNotAssigned     = errors.New("not assigned to this subject")
	ErrNotLead         = errors.New("the lead of the team submits")
	ErrRecused         = errors.New("recused from this subject")
	ErrOverGuide       = errors.New("over the scoring guide's cap")
	ErrUnknownEvidence = errors.New("no such piece of evidence, upload it first")
	ErrFourEyes        = errors.New("nobody approves their own work")
	ErrDecided         = errors.New("decided already")
	ErrHonorPeriod     = errors.New("outside the round's honor period")
	ErrNothingApproved = errors.New("nothing is approved yet")
	ErrUnknownEvent    = errors.New("unknown event, a newer version must have written it")
	ErrUnknownAccount  = errors.New("unknown account")
	ErrDisabled        = errors.New("the account is disabled")
	ErrNotGranted      = errors.New("the account does not hold this role")
	ErrSignIn          = errors.New("name, password or code is wrong")
	ErrThrottled       = errors.New("too many attempts")
	ErrWeakPassword    = errors.New("the password is too easy to guess")
	ErrInvitation      = errors.New("the link is used, expired or unknown")
)
