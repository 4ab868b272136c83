package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"mingjian/api/command"
	"mingjian/api/sheets"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// planScores makes one command for each subject.
func (r *importing) planScores() ([]step, error) {
	round, adopted, err := r.round()
	if err != nil {
		return nil, err
	}
	rows, err := readRows(r, sheets.Scores(adopted.Standard))
	if err != nil {
		return nil, err
	}
	p := &scoring{r: r, round: round.ID, adopted: adopted, arrived: make(map[string]bool), now: time.Now()}
	p.rules.Compute = adopted.Compute
	if round.Guide != "" {
		guide, err := criteria.LookupGuide(round.Guide)
		if err != nil {
			return nil, err
		}
		p.rules.Guide = guide.Guide
	}
	if p.known, err = r.subjects(); err != nil {
		return nil, err
	}
	var order []string
	of := make(map[string][]sheets.ScoreRow)
	for _, row := range rows {
		if of[row.Subject] == nil {
			order = append(order, row.Subject)
		}
		of[row.Subject] = append(of[row.Subject], row)
	}
	var steps []step
	for _, subject := range order {
		s, err := p.subject(subject, of[subject])
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// scoring is an import of score sheets.
type scoring struct {
	r       *importing
	round   string
	adopted *criteria.Criteria
	rules   assessment.Rules
	known   *subjects
	arrived map[string]bool // evidence that was looked for
	now     time.Time
}

// subject checks a subject's rows and makes their command.
func (p *scoring) subject(code string, rows []sheets.ScoreRow) (step, error) {
	var scores []assessment.Score
	var s step
	for _, row := range rows {
		scores = append(scores, p.score(row))
		s.lines = append(s.lines, row.Line)
	}
	text, err := json.Marshal(scores)
	if err != nil {
		return s, err
	}
	id := p.r.derive(ImportScores, p.round, code, string(text))
	s.run = func(ctx context.Context) (stepDone, error) {
		receipt, err := p.r.cfg.Commands.RecordScores(ctx, p.r.meta(id), p.round, code, scores)
		return stepDone{receipt.Position, receipt.Repeated}, err
	}
	if s.repeated, err = p.r.onRecord(command.AssessmentStream(p.round, code), id); err != nil || s.repeated {
		return s, err
	}
	record, err := p.record(code, rows[0].Line)
	if err != nil || record == nil {
		return s, err
	}
	// The decision is the domain's own, of each row on a record without others.
	blank := assessment.New(p.adopted.Standard)
	blank.Rules = p.rules
	kind, district := p.known.find(code)
	by := domain.Stamp{By: "importer", At: p.now}
	for _, e := range []domain.Event{
		&assessment.Opened{Stamp: by, Round: p.round, Subject: code, Kind: kind, District: district},
		&assessment.AssessorAssigned{Stamp: by, Assessor: by.By},
	} {
		if err := blank.Apply(e); err != nil {
			return s, err
		}
	}
	for i, row := range rows {
		if entry, ok := record.Entries[row.Clause]; ok {
			p.r.fault(row.Line, "clause", row.Clause,
				fmt.Sprintf("该条款已有评估记录（第 %d 版）：请在系统中修订，并删去本行。", entry.Version),
				fmt.Sprintf("The clause has an entry already, version %d: revise it, and delete the row.", entry.Version))
		}
		// When it was seen is asked last, so that its fault hides no other.
		seen := scores[i]
		if seen.ObservedAt.After(p.now) {
			seen.ObservedAt = p.now
		}
		if _, err := blank.RecordScores(by, []assessment.Score{seen}); err != nil {
			p.refused(row, err)
		} else if _, err := blank.RecordScores(by, scores[i:i+1]); err != nil {
			p.r.fault(row.Line, "observedAt", row.ObservedAt.Format(time.RFC3339), "观察时间不能在将来。", err.Error())
		}
		if err := p.evidence(row); err != nil {
			return s, err
		}
	}
	return s, nil
}

// record is the subject's, or nil where the importer cannot record on it. Of a
// record that they are not assigned to they learn nothing.
func (p *scoring) record(code string, line int) (*projections.AssessmentView, error) {
	fault := func(zh, en string) { p.r.fault(line, "subject", code, zh, en) }
	if !p.known.has(code) {
		fault("没有登记这个受理中心或区。", "No such center or district is registered.")
		return nil, nil
	}
	if err := rights.Allow(p.r.viewer(), "recordScores", code); errors.Is(err, domain.ErrFourEyes) {
		fault("您的账号属于该对象，不能评估它：请删去该对象的各行。", err.Error())
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	view, err := p.r.view()
	if err != nil {
		return nil, err
	}
	assigned, err := view.Assigned(p.round, code, p.r.viewer().Account)
	if err != nil {
		return nil, err
	}
	if !assigned {
		fault("您未被分派到该对象，或其评估尚未开始：请组织者分派，或删去该对象的各行。",
			"You are not assigned to this subject, or its record is not opened: ask the organizer, or delete its rows.")
		return nil, nil
	}
	record, err := view.Assessment(p.round, code, projections.Latest)
	if err != nil {
		return nil, err
	}
	if record.Status != assessment.InWork {
		fault("该对象已经提交，不能再录入：请删去该对象的各行。", "The record is locked after submission: delete the subject's rows.")
		return nil, nil
	}
	return &record, nil
}

// score is a row as a command takes it.
func (p *scoring) score(row sheets.ScoreRow) assessment.Score {
	f := assessment.Finding{
		Outcome: row.Outcome, Points: row.Points, Method: row.Method, ObservedAt: row.ObservedAt, Reason: row.Reason,
		Evidence: row.Evidence, Counts: row.Counts, Override: row.Override,
	}
	clause, _ := p.adopted.Standard.Clause(row.Clause) // reading has found it
	if judged := row.Outcome == domain.Met || row.Outcome == domain.Lost; judged || len(row.Unmet) > 0 {
		for i := range clause.Checklist {
			f.Checklist = append(f.Checklist, !slices.Contains(row.Unmet, i+1))
		}
	}
	return assessment.Score{Clause: row.Clause, Finding: f}
}

// refused puts what the domain refuses of a row at its column.
func (p *scoring) refused(row sheets.ScoreRow, err error) {
	judged := row.Outcome == domain.Met || row.Outcome == domain.Lost
	clause, _ := p.adopted.Standard.Clause(row.Clause)
	column, value, zh := "", "", explain(p.r.cfg.Logger, err).Extensions.Zh
	switch {
	case errors.Is(err, domain.ErrOverGuide):
		limit, _ := p.rules.Guide.Cap(row.Clause)
		column, value, zh = "points", row.Points.String(), fmt.Sprintf("超出评分细则规定的该条款扣分上限 %s 分。", limit)
	case errors.Is(err, domain.ErrReasonMissing):
		computed := map[domain.Outcome]string{domain.Met: "扣分", domain.Lost: "达标"}[row.Outcome]
		column, zh = "override", fmt.Sprintf("按计数和检查项应为“%s”：请更正结论，或在此说明改判理由。", computed)
	case judged && len(clause.Measures) > 0 && !p.computes(row):
		column, zh = "counts", "计数不全或相互矛盾，请逐项核对。"
	case row.Override != "":
		column, value, zh = "override", row.Override, "此处没有改判：请留空。"
	case len(row.Counts) > 0 || len(row.Unmet) > 0:
		column, zh = "outcome", "该结论不需要计数和检查项：请留空，或更正结论。"
	}
	p.r.fault(row.Line, column, value, zh, err.Error())
}

func (p *scoring) computes(row sheets.ScoreRow) bool {
	_, _, err := p.adopted.Compute(row.Clause, row.Counts)
	return err == nil
}

// evidence finds pieces that were not uploaded.
func (p *scoring) evidence(row sheets.ScoreRow) error {
	for _, hash := range row.Evidence {
		there, looked := p.arrived[hash]
		if !looked && p.r.cfg.Evidence != nil {
			var err error
			if there, err = p.r.cfg.Evidence.Has(p.r.ctx, hash); err != nil {
				return err
			}
			p.arrived[hash] = there
		}
		if !there {
			p.r.fault(row.Line, "evidence", hash, "没有这份证据材料，请先上传。", "No such piece of evidence: upload it first.")
		}
	}
	return nil
}
