package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/api/sheets"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/projections"
)

// The kinds of spreadsheets.
const (
	ImportRoster      = "roster"
	ImportAccounts    = "accounts"
	ImportAssignments = "assignments"
	ImportScores      = "scores"
)

// importKind says what one kind of file is for.
type importKind struct {
	// allows lists the commands that the importer must be allowed, all of them.
	allows []rights.Command
	// plan reads a file and checks it. What it finds wrong goes to the faults of
	// the import.
	plan     func(*importing) ([]step, error)
	template func() ([]byte, error)
}

var importKinds = map[string]importKind{
	ImportRoster:      {[]rights.Command{"importFile", "registerRoster"}, (*importing).planRoster, sheets.Roster().Template},
	ImportAccounts:    {[]rights.Command{"importFile", "createAccount", "inviteAccount"}, (*importing).planAccounts, sheets.Accounts().Template},
	ImportAssignments: {[]rights.Command{"importFile", "assignAssessor"}, (*importing).planAssignments, sheets.Assignments().Template},
	// A template without rows is the same for every standard.
	ImportScores: {[]rights.Command{"recordScores"}, (*importing).planScores, sheets.Scores(new(domain.Standard)).Template},
}

func findImportKind(name string) (importKind, error) {
	kind, ok := importKinds[name]
	if !ok {
		return kind, refuse("NOT_FOUND", "没有这种表格，可用的有 roster、accounts、assignments、scores。",
			"%.40q is no kind of file: roster, accounts, assignments and scores are", name)
	}
	return kind, nil
}

// ImportFile is a spreadsheet to import, CSV or XLSX, in the name of the
// context's viewer.
type ImportFile struct {
	Kind string
	// Name is what faults call the file.
	Name    string
	Content []byte
	// Round is where assignments and scores belong.
	Round string
	// CommandID is a UUID. With the same id, the same file goes on where it was
	// cut short, and records nothing twice.
	CommandID string
	// DryRun checks everything and writes nothing.
	DryRun bool
	// After is the position that the read model must have reached first, 0 for
	// none.
	After eventstore.Position
}

// ImportAnswer is what an import did or, as a dry run, would do.
type ImportAnswer struct {
	Kind   string `json:"kind"`
	DryRun bool   `json:"dryRun"`
	// Rows are those of the file. Done of them moved the log, Repeated ones were
	// on record already, and all others are among the faults.
	Rows        int                `json:"rows"`
	Done        int                `json:"done"`
	Repeated    int                `json:"repeated"`
	Faults      []ImportFault      `json:"faults"`
	Invitations []ImportInvitation `json:"invitations,omitempty"`
	// Retry says that the same file with the same command id may finish it.
	Retry bool `json:"retry"`
	// Position is what the import reached, or what it was checked against.
	Position eventstore.Position `json:"position,string"`

	broken int // HTTP status if it ended early
}

// ImportFault is one thing wrong with a file; see sheets.Fault.
type ImportFault struct {
	Sheet  string `json:"sheet"`
	Row    int    `json:"row"`
	Column string `json:"column"`
	Header string `json:"header"`
	Value  string `json:"value"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
}

// Error is the fault on one line.
func (f ImportFault) Error() string { return sheets.Fault(f).Error() }

// ImportInvitation is the link by which a new account's owner sets a password.
// It is kept nowhere.
type ImportInvitation struct {
	Login string `json:"login"`
	// Path is to be appended to the server's address.
	Path      string    `json:"path"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Imports carries out spreadsheets.
type Imports struct {
	cfg   Config
	turns chan struct{} // unpacking a workbook takes memory: a few at a time
}

const (
	importsAtOnce   = 2
	maxImportFaults = 200 // as many as reading a file lists
)

// NewImports needs the accounts and the commands.
func NewImports(cfg Config) (*Imports, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.Accounts == nil || cfg.Commands == nil {
		return nil, errors.New("api: imports need accounts and commands")
	}
	return &Imports{cfg: cfg, turns: make(chan struct{}, importsAtOnce)}, nil
}

// importing is one import under way.
type importing struct {
	request
	file   ImportFile
	id     uuid.UUID
	at     func(line int, column, value, zh, en string) sheets.Fault
	faults sheets.Faults
	answer *ImportAnswer
}

// step is one command and the rows that it is made of.
type step struct {
	lines []int
	// repeated says that the log has it already.
	repeated bool
	run      func(context.Context) (stepDone, error)
}

type stepDone struct {
	position eventstore.Position
	repeated bool
}

// Run checks a file as a whole, and only if nothing is wrong with it carries it
// out. An error means that nothing was done. What others changed between the
// check and a command shows as faults, beside what was done.
func (i *Imports) Run(ctx context.Context, f ImportFile) (*ImportAnswer, error) {
	kind, err := i.allowed(ctx, f.Kind)
	if err != nil {
		return nil, err
	}
	id, err := uuid.Parse(f.CommandID)
	if err != nil || id == uuid.Nil {
		return nil, fmt.Errorf("command id %.60q is not a UUID: %w", f.CommandID, domain.ErrInvalid)
	}
	select {
	case i.turns <- struct{}{}:
		defer func() { <-i.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r := &importing{request: request{ctx: ctx, cfg: &i.cfg}, file: f, id: id, answer: &ImportAnswer{Kind: f.Kind, DryRun: f.DryRun}}
	defer r.close()
	if err := r.waitFor(f.After, maxWait); err != nil {
		return nil, err
	}
	steps, err := kind.plan(r)
	unreadable, ok := errors.AsType[sheets.Faults](err)
	if err != nil && !ok {
		return nil, err
	}
	r.answer.Position = r.head().Position
	switch {
	case ok:
		r.faults = unreadable // listed in order, and cut
	case len(r.faults) == 0:
		r.close() // the view holds a connection of the read model
		r.open = nil
		r.carryOut(steps)
		fallthrough
	default:
		r.listFaults()
	}
	r.answer.Faults = make([]ImportFault, len(r.faults))
	for n, f := range r.faults {
		r.answer.Faults[n] = ImportFault(f)
	}
	return r.answer, nil
}

// allowed finds a kind, or refuses those who may not import it.
func (i *Imports) allowed(ctx context.Context, name string) (importKind, error) {
	kind, err := findImportKind(name)
	if err != nil {
		return kind, err
	}
	for _, c := range kind.allows {
		if err := rights.Allow(viewerOf(ctx), c, ""); err != nil {
			return kind, err
		}
	}
	return kind, nil
}

// carryOut runs the steps, or counts them in a dry run. Each is one command,
// all or nothing. A step that a rule refuses now leaves the others alone; what
// would fail them all, such as a log that is away, ends the import.
func (r *importing) carryOut(steps []step) {
	done, failed := make(map[int]bool), make(map[int]bool)
	var stopped *responseError
	for _, s := range steps {
		result, err := stepDone{repeated: s.repeated}, error(nil)
		if !s.repeated && !r.file.DryRun && stopped == nil {
			result, err = s.run(r.ctx)
		}
		shown := stopped
		if err != nil {
			shown = r.refused(err)
			if shown.Extensions.Retry || shown.Extensions.Code == codeInternal {
				stopped = shown
			}
		}
		r.answer.Position = max(r.answer.Position, result.position)
		for _, line := range s.lines {
			if err != nil || stopped != nil && !s.repeated {
				r.failed(line, shown, err != nil, failed[line])
				failed[line] = true
			}
			done[line] = done[line] || !result.repeated
		}
	}
	for line, moved := range done {
		switch {
		case failed[line]:
		case moved:
			r.answer.Done++
		default:
			r.answer.Repeated++
		}
	}
	// So that whoever asks next sees it. If the read model is behind for longer,
	// the position says what to wait for.
	_ = r.waitFor(r.answer.Position, maxWait)
}

// refused explains why a step failed.
func (r *importing) refused(err error) *responseError {
	if errors.Is(err, eventstore.ErrConflict) {
		err = fmt.Errorf("%w: %w", errLostRace, err)
	}
	shown := explain(r.cfg.Logger, err)
	switch {
	case shown.Extensions.Code == codeInternal:
		r.answer.broken = http.StatusInternalServerError
	case shown.Extensions.Retry:
		r.answer.broken, r.answer.Retry = http.StatusServiceUnavailable, true
	}
	return shown
}

// failed lists a row that was not carried out; tried says that its own command
// failed, and again that the row is listed already.
func (r *importing) failed(line int, why *responseError, tried, again bool) {
	switch {
	case tried:
		r.fault(line, "", "", why.Extensions.Zh+"本行未执行。", "This row was not carried out: "+why.Message)
	case !again:
		r.fault(line, "", "", "此前出错，本行尚未执行："+why.Extensions.Zh, "This row was not reached, as an earlier one failed: "+why.Message)
	}
}

func (r *importing) fault(line int, column, value, zh, en string) {
	r.faults = append(r.faults, r.at(line, column, value, zh, en))
}

// listFaults orders what was found after reading by rows, and cuts it.
func (r *importing) listFaults() {
	slices.SortStableFunc(r.faults, func(a, b sheets.Fault) int { return cmp.Compare(a.Row, b.Row) })
	if more := len(r.faults) - maxImportFaults; more > 0 {
		r.faults = append(r.faults[:maxImportFaults], sheets.Fault{
			Sheet: r.faults[0].Sheet,
			Zh:    fmt.Sprintf("另有 %d 处错误未列出，请先改正以上各处。", more),
			En:    fmt.Sprintf("%d more faults are not listed: correct these first.", more),
		})
	}
}

// readRows reads the file as a table, or returns its faults.
func readRows[R any](r *importing, table *sheets.Table[R]) ([]R, error) {
	sheet, err := table.Read(r.file.Name, r.file.Content)
	if err != nil {
		return nil, err
	}
	r.at, r.answer.Rows = sheet.Fault, len(sheet.Rows)
	return sheet.Rows, nil
}

// derive makes the id of one command of the import. It stands for what the
// command says: a row that was changed since is not taken for one on record.
func (r *importing) derive(parts ...string) string {
	return uuid.NewSHA1(r.id, []byte(strings.Join(parts, "\x00"))).String()
}

func (r *importing) meta(id string) command.Meta {
	return command.Meta{ID: id, Actor: r.viewer().Account}
}

// onRecord reports whether the importer's command is in a stream.
func (r *importing) onRecord(stream, id string) (bool, error) {
	view, err := r.view()
	if err != nil {
		return false, err
	}
	for after := ""; ; {
		page, err := view.Trail(projections.TrailQuery{Stream: stream, After: after})
		if err != nil {
			return false, err
		}
		for _, e := range page.Items {
			if e.CommandID == id && e.Actor == r.viewer().Account {
				return true, nil
			}
		}
		if !page.HasNext {
			return false, nil
		}
		after = page.Cursors[len(page.Cursors)-1]
	}
}

// subjects is the roster as the read model has it.
type subjects struct {
	districts map[string]string // code → name
	centers   map[string]projections.CenterView
	in        map[string][]string // district → its centers, by code
}

func (r *importing) subjects() (*subjects, error) {
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	districts, err := view.Districts()
	if err != nil {
		return nil, err
	}
	known := &subjects{make(map[string]string), make(map[string]projections.CenterView), make(map[string][]string)}
	for _, d := range districts {
		known.districts[d.Code] = d.Name
	}
	for after := ""; ; {
		page, err := view.Centers(projections.CenterQuery{After: after})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Items {
			known.centers[c.Code] = c
			known.in[c.District] = append(known.in[c.District], c.Code)
		}
		if !page.HasNext {
			return known, nil
		}
		after = page.Cursors[len(page.Cursors)-1]
	}
}

func (s *subjects) has(code string) bool {
	_, center := s.centers[code]
	_, district := s.districts[code]
	return center || district
}

// find tells what a subject is.
func (s *subjects) find(code string) (kind domain.SubjectKind, district string) {
	if c, ok := s.centers[code]; ok {
		return domain.Center, c.District
	}
	return domain.District, code
}

// round finds the round that the file is for, and its standard.
func (r *importing) round() (projections.RoundView, *criteria.Criteria, error) {
	if r.file.Round == "" {
		return projections.RoundView{}, nil, fmt.Errorf("the import names none (round=ID): %w", domain.ErrUnknownRound)
	}
	view, err := r.view()
	if err != nil {
		return projections.RoundView{}, nil, err
	}
	round, err := view.Round(r.file.Round)
	if errors.Is(err, projections.ErrNotFound) {
		err = fmt.Errorf("%w: %w", domain.ErrUnknownRound, err)
	}
	if err == nil && round.Closed {
		err = fmt.Errorf("round %s: %w", round.ID, domain.ErrRoundClosed)
	}
	if err != nil {
		return round, nil, err
	}
	adopted, err := r.cfg.criteriaOf(round.Standard)
	return round, adopted, err
}
