package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// The kinds of exports.
const (
	ExportRanking     = "ranking"
	ExportDistricts   = "districts"
	ExportAssessments = "assessments"
	ExportFindings    = "findings"
	ExportDeductions  = "deductions"
	ExportHonors      = "honors"
	ExportAppeals     = "appeals"
	ExportTrail       = "trail"
)

// exportKinds open an export: they refuse who may not have it, and what there
// is not, and return what writes it.
var exportKinds = map[string]func(*exporting) (writer, error){
	ExportRanking:     (*exporting).ranking,
	ExportDistricts:   (*exporting).districts,
	ExportAssessments: (*exporting).assessments,
	ExportFindings:    (*exporting).findings,
	ExportDeductions:  (*exporting).deductions,
	ExportHonors:      (*exporting).honors,
	ExportAppeals:     (*exporting).appeals,
	ExportTrail:       (*exporting).trail,
}

// writer writes an export that was opened.
type writer func(io.Writer, sheets.Format) error

// ExportQuery asks for an export, in the name of the context's viewer.
type ExportQuery struct {
	What   string
	Format sheets.Format
	// Round is mandatory but for the trail; Subject and District keep to what
	// belongs to one.
	Round, Subject, District string
	// AsOf shows it as it was after so many events; 0 for the newest.
	AsOf int64
}

// scope is what an export was narrowed to, for the record.
func (q *ExportQuery) scope() string {
	var parts []string
	for _, part := range []string{q.Round, q.District, q.Subject} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if q.AsOf > 0 {
		parts = append(parts, fmt.Sprintf("asOf=%d", q.AsOf))
	}
	return strings.Join(parts, " ")
}

// Exports hands out what the read model has as files.
type Exports struct {
	cfg   Config
	turns chan struct{} // each holds a view open for as long as its client reads
	// wait bounds how long a request waits for its turn, time the whole of it,
	// and stall how long a client may take nothing.
	wait, time, stall time.Duration
}

const exportsAtOnce = 3

// NewExports needs the commands, which put each export on record.
func NewExports(cfg Config) (*Exports, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.Commands == nil {
		return nil, errors.New("api: exports need commands")
	}
	return &Exports{
		cfg: cfg, turns: make(chan struct{}, exportsAtOnce), wait: 20 * time.Second, time: 15 * time.Minute, stall: 30 * time.Second,
	}, nil
}

// ExportFile is an export that is on record and may be handed out.
type ExportFile struct {
	// Name tells what it is of: the same for the same position.
	Name, MediaType string
	// Write writes it once. After an error what was written is no whole file.
	Write func(io.Writer) error
	// Close must be called.
	Close func()
}

// Open checks who asks for what and puts the export on record. An error means
// that nothing may be handed out. The file shows one moment: that of this call.
func (e *Exports) Open(ctx context.Context, q ExportQuery) (_ *ExportFile, err error) {
	open, known := exportKinds[q.What]
	if !known || q.Format.MediaType() == "" {
		return nil, refuse("NOT_FOUND", "没有这种导出。", "%.40q is no export as %.20q: see /", q.What, q.Format)
	}
	if err := e.takeTurn(ctx); err != nil {
		return nil, err
	}
	r := &exporting{request: request{ctx: ctx, cfg: &e.cfg}, query: q, asOf: projections.Latest}
	done := func() {
		r.close()
		<-e.turns
	}
	defer func() {
		if err != nil {
			done()
		}
	}()
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	r.seq = view.Head().Seq
	if q.AsOf != 0 {
		r.asOf, r.seq = q.AsOf, q.AsOf
	}
	switch {
	case q.AsOf < 0:
		return nil, fmt.Errorf("asOf %d is no event: %w", q.AsOf, domain.ErrInvalid)
	case q.AsOf > view.Head().Seq:
		return nil, fmt.Errorf("asOf %d, there are %d events: %w", q.AsOf, view.Head().Seq, projections.ErrBehind)
	}
	write, err := open(r)
	if err != nil {
		return nil, err
	}
	name, err := r.name()
	if err != nil {
		return nil, err
	}
	// From here the export is on record, even if not a byte of it arrives.
	if err := e.cfg.Commands.Witness(ctx, r.viewer().Account, func(by domain.Stamp) domain.Event {
		return &access.Exported{Stamp: by, What: q.What, Scope: q.scope(), Format: string(q.Format)}
	}); err != nil {
		return nil, err
	}
	return &ExportFile{
		Name: name, MediaType: q.Format.MediaType(), Close: done,
		Write: func(w io.Writer) error { return write(w, q.Format) },
	}, nil
}

func (e *Exports) takeTurn(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, e.wait)
	defer cancel()
	select {
	case e.turns <- struct{}{}:
		return nil
	case <-waiting.Done():
		return fmt.Errorf("%d exports are under way: %w", cap(e.turns), waiting.Err())
	}
}

// exporting is one export under way. Its view is open: all of it shows one
// moment.
type exporting struct {
	request
	query ExportQuery
	// asOf is the moment to show, or Latest; seq is the event that it ends with.
	asOf, seq int64
	round     *projections.RoundView // nil for a trail of all rounds
	roster    roster
}

// begin finds the round and the roster. It comes after rights: see the kinds.
func (r *exporting) begin() error {
	if r.query.Round == "" {
		return fmt.Errorf("an export of %s is of one round, name it: %w", r.query.What, domain.ErrInvalid)
	}
	found, err := r.open.Round(r.query.Round)
	if err != nil {
		return err
	}
	r.round = &found
	return r.readRoster()
}

// readRoster reads who is judged, and checks what the query keeps to.
func (r *exporting) readRoster() (err error) {
	if r.roster, err = readRoster(r.open); err != nil {
		return err
	}
	if code := r.query.District; code != "" && r.roster.districts[code] == "" {
		return fmt.Errorf("district %.40q: %w", code, domain.ErrUnknownSubject)
	}
	if code := r.query.Subject; code != "" && r.roster.name(code) == "" {
		return fmt.Errorf("%.40q: %w", code, domain.ErrUnknownSubject)
	}
	return nil
}

// mayRank refuses who may not see rankings that are not published.
func (r *exporting) mayRank() error {
	return rights.MayRead(r.viewer(), rights.ReadRanking, rights.Facts{})
}

// simulated is the notice that stands before data of a demonstration.
const simulated = "演示数据，非真实评估结果"

// notice errs on the side of saying so: one simulated center marks it all.
func (r *exporting) notice() string {
	if r.round != nil && r.round.Demo || r.roster.demo {
		return simulated
	}
	return ""
}

// name is the file's: what, of which round, on the day of its newest event, and
// that event.
func (r *exporting) name() (string, error) {
	at, err := r.open.At(r.seq)
	if err != nil {
		return "", err
	}
	parts := []string{r.query.What}
	for _, part := range []string{r.query.Round, r.query.District, r.query.Subject} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	parts = append(parts, at.In(beijing).Format("20060102"), fmt.Sprint(r.seq))
	if r.notice() != "" {
		parts = append(parts, "demo")
	}
	return strings.Join(parts, "-") + "." + string(r.query.Format), nil
}

var beijing = time.FixedZone("CST", 8*60*60)

// table is what writes rows under columns.
func table[R any](r *exporting, sheet string, rows iter.Seq2[R, error], columns ...sheets.ExportColumn[R]) writer {
	export := &sheets.Export[R]{Sheet: sheet, Notice: r.notice(), Columns: columns}
	return func(w io.Writer, format sheets.Format) error {
		return export.Write(w, format, whilePresent(r.ctx, rows))
	}
}

// whilePresent ends rows with an error when their reader has gone or the time is
// up.
func whilePresent[R any](ctx context.Context, rows iter.Seq2[R, error]) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for row, err := range rows {
			if ctx.Err() != nil {
				err = ctx.Err() // also where a query was interrupted
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
