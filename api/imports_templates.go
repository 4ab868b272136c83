package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/rights"
)

// Template is a workbook to fill in. Score sheets for a round come with a row
// for each clause of each subject that the context's viewer is assigned to, for
// organizers of all subjects; district, if given, keeps to its own. Taking
// those out is put on record first.
func (i *Imports) Template(ctx context.Context, kind, round, district string) ([]byte, error) {
	found, err := findImportKind(kind)
	if err != nil {
		return nil, err
	}
	if kind != ImportScores || round == "" {
		return found.template()
	}
	r := &importing{request: request{ctx: ctx, cfg: &i.cfg}, file: ImportFile{Round: round}}
	defer r.close()
	_, adopted, err := r.round()
	if err != nil {
		return nil, err
	}
	subjects, err := r.templateSubjects(round, district)
	if err != nil {
		return nil, err
	}
	content, err := sheets.ScoreTemplate(adopted.Standard, subjects)
	if err != nil {
		return nil, fmt.Errorf("score sheets of %d subjects (district=CODE keeps to one district): %w", len(subjects), err)
	}
	return content, i.cfg.Commands.Witness(ctx, r.viewer().Account, func(by domain.Stamp) domain.Event {
		return &access.Exported{Stamp: by, What: "score sheet template", Scope: strings.Trim(round+" "+district, " "), Format: "xlsx"}
	})
}

// templateSubjects lists what the viewer gets rows for, by code.
func (r *importing) templateSubjects(round, district string) ([]sheets.Subject, error) {
	known, err := r.subjects()
	if err != nil {
		return nil, err
	}
	var codes []string
	if rights.Allow(r.viewer(), "importFile", "") == nil {
		for code := range known.districts {
			codes = append(append(codes, code), known.in[code]...)
		}
	} else {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		tasks, err := view.Tasks(round, r.viewer().Account)
		if err != nil {
			return nil, err
		}
		for _, t := range tasks {
			codes = append(codes, t.Subject)
		}
	}
	slices.Sort(codes)
	var out []sheets.Subject
	for _, code := range codes {
		kind, in := known.find(code)
		name := known.districts[code]
		if kind == domain.Center {
			name = known.centers[code].Name
		}
		if district == "" || district == in {
			out = append(out, sheets.Subject{Code: code, Name: name, Kind: kind})
		}
	}
	return out, nil
}

// EmptyTemplate is a workbook to fill in, without rows.
func EmptyTemplate(kind string) ([]byte, error) {
	found, err := findImportKind(kind)
	if err != nil {
		return nil, err
	}
	return found.template()
}
