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
	ErrFourEyes        = errors.New("nobody approves their own work")
	ErrDecided         = errors.New("decided already")
	ErrHonorPeriod     = errors.New("outside the round's honor period")
	ErrNothingApproved = errors.New("nothing is approved yet")
	ErrUnknownEvent    = errors.New("unknown event, a newer version must have written it")
)
