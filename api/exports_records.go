package api

import (
	"errors"
	"fmt"
	"iter"

	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// recordRow is a record that the viewer may read, as of the query's moment.
type recordRow struct {
	*assessmentNode
	Name, DistrictName string
}

// records lists the records that the query keeps to and the viewer may read, by
// subject. Whoever may read none of them is refused.
func (r *exporting) records() (iter.Seq2[*recordRow, error], error) {
	// Who may read nothing at all learns nothing, neither of the round.
	unread := r.mayRead(rights.ReadAssessment, nothing(r.query.Round, r.query.Subject))
	if unread != nil && !errors.Is(unread, domain.ErrForbidden) {
		return nil, unread
	}
	all, err := r.open.Records(r.query.Round, r.asOf)
	if err != nil {
		return nil, err
	}
	var readable []projections.RecordView
	for _, record := range all {
		if !r.keeps(record.Subject, record.District) {
			continue
		}
		switch err := r.mayReadRecord(&record); {
		case err == nil:
			readable = append(readable, record)
		case !errors.Is(err, domain.ErrForbidden):
			return nil, err
		}
	}
	if len(readable) == 0 && unread != nil {
		return nil, unread
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	if len(readable) == 0 && r.query.Subject != "" {
		return nil, fmt.Errorf("record of %s in round %s: %w", r.query.Subject, r.query.Round, projections.ErrNotFound)
	}
	return func(yield func(*recordRow, error) bool) {
		for _, record := range readable {
			row, err := r.record(&record)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}, nil
}

// mayReadRecord refuses a record unless the viewer may read it as of the query's
// moment. Only those need to look into it who see it once it was notified, and
// they see few.
func (r *exporting) mayReadRecord(record *projections.RecordView) error {
	err := r.mayRead(rights.ReadAssessment, &projections.AssessmentView{
		Round: r.query.Round, Subject: record.Subject, Kind: record.Kind, District: record.District,
	})
	if errors.Is(err, domain.ErrForbidden) {
		_, _, err = r.shown(r.query.Round, record.Subject, r.asOf)
	}
	return err
}

// record reads one as the assessment query shows it.
func (r *exporting) record(record *projections.RecordView) (*recordRow, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	shown, at, err := r.shown(r.query.Round, record.Subject, r.asOf)
	if err != nil {
		return nil, err
	}
	if shown == nil {
		return nil, fmt.Errorf("record of %s in round %s: %w", record.Subject, r.query.Round, projections.ErrNotFound)
	}
	return &recordRow{
		assessmentNode: &assessmentNode{AssessmentView: shown, sheet: newSheet(shown, at)},
		Name:           r.roster.name(record.Subject), DistrictName: r.roster.districts[record.District],
	}, nil
}

// decided counts the clauses with a finding, of a district only those that judge
// it; all is how many there are.
func (r *recordRow) decided() (decided, all int) {
	for _, c := range r.clauses {
		if r.Kind == domain.District && c.Clause.Indicator().Subject != r.Kind {
			continue
		}
		all++
		if c.Decided {
			decided++
		}
	}
	return decided, all
}

func (r *recordRow) complete() bool {
	decided, all := r.decided()
	return decided == all
}

// sectionScore is what a record scores in its i-th section; of a district what
// the indicators score that judge it, if there are any.
func (r *recordRow) sectionScore(i int) (score domain.Points, judged bool) {
	section := r.sections[i]
	if r.Kind == domain.Center {
		return section.Score, true
	}
	for _, indicator := range section.indicators {
		if indicator.Indicator.Subject == r.Kind {
			score, judged = score+indicator.Score, true
		}
	}
	return score, judged
}
