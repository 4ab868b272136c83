package api

import (
	"fmt"
	"time"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Arguments that name a moment: by the number of events, by a position, or by
// the time of recording.
const (
	argAsOf         = "asOf"
	argAsOfPosition = "asOfPosition"
	argAsOfTime     = "asOfTime"
)

// ofMoment adds the arguments that name a moment.
func (s *internalSchema) ofMoment(args graphql.FieldConfigArgument) graphql.FieldConfigArgument {
	out := graphql.FieldConfigArgument{
		argAsOf:         arg(graphql.Int, "As it was after so many events (Head.seq); the newest if left out."),
		argAsOfPosition: arg(s.position, "As it was at a position of the log; instead of asOf."),
		argAsOfTime:     arg(s.dateTime, "As it was when this had been recorded; instead of asOf."),
	}
	for name, a := range args {
		out[name] = a
	}
	return out
}

// asOf reads the moment that the arguments name: a seq, or projections.Latest
// where they name none.
func (r *request) asOf(in *input) (int64, error) {
	view, err := r.view()
	if err != nil {
		return 0, err
	}
	seq, bySeq := optional[int](in, argAsOf)
	position, byPosition := scalar[eventstore.Position](in, argAsOfPosition)
	at, byTime := scalar[time.Time](in, argAsOfTime)
	given := 0
	for _, by := range []bool{bySeq, byPosition, byTime} {
		if by {
			given++
		}
	}
	if given > 1 {
		in.fault(argAsOf, fmt.Errorf("a moment is named by one of %s, %s and %s: %w", argAsOf, argAsOfPosition, argAsOfTime, domain.ErrInvalid))
	}
	if err := in.err(); err != nil {
		return 0, err
	}
	switch {
	case bySeq:
		return int64(seq), nil
	case byPosition:
		return view.SeqOf(position)
	case byTime:
		return view.SeqAt(at)
	}
	return projections.Latest, nil
}

// listAsOf is a moment for the queries of lists, which take 0 for Latest: before
// the first event there is nothing.
func listAsOf(seq int64) int64 {
	if seq == 0 {
		return -1
	}
	return seq
}

// between reads two moments, from and to, each as so many events.
func (in *input) between() (from, to int64) {
	from, to = int64(in.number("from")), projections.Latest
	if seq, given := optional[int](in, "to"); given {
		to = int64(seq)
	}
	return from, to
}

// span are the arguments of between.
func span(args graphql.FieldConfigArgument) graphql.FieldConfigArgument {
	args["from"] = arg(required(graphql.Int), "After so many events (Head.seq, Release.logSize).")
	args["to"] = arg(graphql.Int, "Up to so many events; the newest if left out.")
	return args
}
