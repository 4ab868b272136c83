package api

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/projections"
)

// trailRow is an event of the trail, in NDJSON with its data as stored.
type trailRow struct {
	projections.TrailView
	data json.RawMessage
}

// trail is a row an event, with the account behind it: of all rounds, of one, or
// of a record. Metadata are not in it.
func (r *exporting) trail() (writer, error) {
	if err := rights.MayRead(r.viewer(), rights.ReadTrail, rights.Facts{}); err != nil {
		return nil, err
	}
	begin := r.beginAll
	if r.query.Round != "" {
		begin = r.begin
	}
	if err := begin(); err != nil {
		return nil, err
	}
	events := r.open.Events(projections.EventQuery{
		Round: r.query.Round, District: r.query.District, Subject: r.query.Subject, UpTo: r.seq,
	})
	type row = trailRow
	columns := []sheets.ExportColumn[row]{
		sheets.CountColumn("seq", "序号", func(e row) int64 { return e.Seq }),
		// Positions have more digits than a spreadsheet's numbers.
		sheets.TextColumn("position", "位置", 14, func(e row) string { return e.Position.String() }),
		sheets.TextColumn("stream", "事件流", 36, func(e row) string { return e.Stream }),
		sheets.CountColumn("revision", "修订号", func(e row) int64 { return int64(e.Revision) }),
		sheets.TextColumn("type", "类型", 28, func(e row) string { return e.Type }),
		sheets.MomentColumn("at", "时间", func(e row) time.Time { return e.At }),
		sheets.TextColumn("account", "账号", 36, func(e row) string { return e.Actor }),
		sheets.TextColumn("commandId", "命令编号", 38, func(e row) string { return e.CommandID }),
		sheets.TextColumn("eventId", "事件编号", 38, func(e row) string { return e.EventID }),
		sheets.JSONColumn("data", func(e row) json.RawMessage { return e.data }),
	}
	return func(w io.Writer, format sheets.Format) error {
		rows := bare(events)
		if format == sheets.NDJSON {
			rows = withData(events, r.cfg.Commands.Recorded(r.ctx))
		}
		return table(r, "审计轨迹", rows, columns...)(w, format)
	}, nil
}

// beginAll is begin for a trail of all rounds: one that is simulated marks it.
func (r *exporting) beginAll() error {
	if r.query.Subject+r.query.District != "" {
		return fmt.Errorf("a subject's or district's trail is of one round, name it: %w", domain.ErrInvalid)
	}
	if err := r.readRoster(); err != nil {
		return err
	}
	rounds, err := r.open.Rounds()
	for _, round := range rounds {
		r.roster.demo = r.roster.demo || round.Demo
	}
	return err
}

func bare(events iter.Seq2[projections.TrailView, error]) iter.Seq2[trailRow, error] {
	return func(yield func(trailRow, error) bool) {
		for e, err := range events {
			if !yield(trailRow{TrailView: e}, err) {
				return
			}
		}
	}
}

// withData reads the log beside the trail, both in the log's order. An event
// that the log does not have where the trail has it is an error.
func withData(events iter.Seq2[projections.TrailView, error], log iter.Seq2[eventstore.Recorded, error]) iter.Seq2[trailRow, error] {
	return func(yield func(trailRow, error) bool) {
		next, stop := iter.Pull2(log)
		defer stop()
		for e, err := range events {
			var stored eventstore.Recorded
			for more := true; err == nil && stored.Position < e.Position; {
				if stored, err, more = next(); !more {
					break
				}
			}
			if err == nil && stored.ID.String() != e.EventID {
				err = fmt.Errorf("event %d, %s@%d: the log does not have it at position %s", e.Seq, e.Stream, e.Revision, e.Position)
			}
			if !yield(trailRow{e, stored.Data}, err) || err != nil {
				return
			}
		}
	}
}
