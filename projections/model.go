// Package projections folds the log into a read model: one SQLite database at
// one position, where effects and checkpoint commit together. It is derivable
// from the log at any time; Rebuild does so beside the one that serves.
package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"zombiezen.com/go/sqlite"

	"mingjian/criteria"
	"mingjian/eventstore"
	"mingjian/internal/atomicfile"
)

// Config says where a read model lives and what it folds.
type Config struct {
	// Dir holds the databases; it is made if need be. One process at a time.
	Dir string
	Log *eventstore.Log
	// Codec decodes stored events, Criteria finds the standards that rounds adopt.
	Codec    *eventstore.Codec
	Criteria func(id string) (*criteria.Criteria, error)
	// Calendars finds the working days by which appeals are counted;
	// criteria.LookupCalendar if nil.
	Calendars func(id string) (*criteria.Calendar, error)
	Logger    *slog.Logger // slog.Default() if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("projections: no folder"))
	}
	if c.Log == nil || c.Codec == nil || c.Criteria == nil {
		faults = append(faults, errors.New("projections: log, codec and criteria are needed"))
	}
	return errors.Join(faults...)
}

// Model is the read model. It is safe for concurrent use; Fold has one caller
// at a time, the router.
type Model struct {
	config Config
	lock   *os.File

	// fold is held while a page commits, and while a rebuilt database takes over.
	fold      sync.Mutex
	projector *projector
	// rebuilding is held by the one rebuild that may run.
	rebuilding sync.Mutex

	mu      sync.RWMutex // guards what readers see
	db      *database
	views   *sync.WaitGroup // open views of db
	head    Head
	changed chan struct{}
	closed  bool
}

// ErrModelInUse means that another process has the read model.
var ErrModelInUse = errors.New("another process serves this data folder")

// Open opens the read model of a log, or starts an empty one when there is
// none, when it is of another version, or when it was folded from another log.
func Open(c Config) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Calendars == nil {
		c.Calendars = criteria.LookupCalendar
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	lock, err := lockDir(c.Dir)
	if err != nil {
		return nil, err
	}
	m := &Model{config: c, lock: lock, views: new(sync.WaitGroup), changed: make(chan struct{})}
	if err := m.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return m, nil
}

func lockDir(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("read model %s: %w", dir, ErrModelInUse), lock.Close())
	}
	return lock, nil
}

// currentFile names the database that serves. It is replaced by rename, so
// that a crash leaves either the old or the new one.
const currentFile = "current"

func (m *Model) open() error {
	name, err := os.ReadFile(filepath.Join(m.config.Dir, currentFile))
	if errors.Is(err, os.ErrNotExist) {
		return m.startEmpty("there is none yet")
	}
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	file := strings.TrimSpace(string(name))
	if file != filepath.Base(file) || !strings.HasSuffix(file, ".db") {
		return m.startEmpty("its pointer is damaged")
	}
	if _, err := os.Stat(m.path(file)); err != nil {
		return m.startEmpty("its file is gone")
	}
	db, err := openDatabase(m.path(file), m.config.Log.Identity())
	if errors.Is(err, errOldSchema) {
		return m.startEmpty("another version of the program made it")
	}
	if err != nil {
		return m.startEmpty("it cannot be opened: " + err.Error())
	}
	p, err := newProjector(db, m.config.Codec, m.config.Criteria)
	if err != nil {
		return errors.Join(db.close(), m.startEmpty("it cannot be read: "+err.Error()))
	}
	why, err := m.foreign(p)
	if err != nil {
		return errors.Join(err, db.close())
	}
	if why != "" {
		return errors.Join(db.close(), m.startEmpty(why))
	}
	m.serve(p)
	m.sweep(file)
	return nil
}

// foreign says why the database was not folded from the log as it is: from
// another one, or from this one before an older copy of it was restored.
func (m *Model) foreign(p *projector) (string, error) {
	if p.head.LogID != m.config.Log.Identity() {
		return "it was folded from another log", nil
	}
	stream, revision, id := "", uint64(0), ""
	if err := query(p.db.writer, `SELECT s.name, t.revision, t.event_id FROM trail t JOIN streams s ON s.id = t.stream
		WHERE t.seq = ?`, func(s *sqlite.Stmt) error {
		stream, revision, id = s.ColumnText(0), uint64(s.ColumnInt64(1)), uuidText(blob(s, 2))
		return nil
	}, p.head.Seq); err != nil {
		return "it cannot be read: " + err.Error(), nil
	}
	if p.head.Seq == 0 {
		return "", nil
	}
	for e, err := range m.config.Log.ReadStream(context.Background(), stream, revision) {
		if errors.Is(err, eventstore.ErrNoStream) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read model: compare with the log: %w", err)
		}
		if e.ID.String() == id && e.Position == p.head.Position {
			return "", nil
		}
		break
	}
	return "the log does not hold the last event that was folded", nil
}

// InUse reports whether a process has the read model of a folder open.
func InUse(dir string) bool {
	if _, err := os.Stat(dir); err != nil {
		return false
	}
	lock, err := lockDir(dir)
	if err == nil {
		_ = lock.Close() // only asked whether it was free
	}
	return errors.Is(err, ErrModelInUse)
}

func (m *Model) startEmpty(why string) error {
	m.config.Logger.Info("read model: starting from the log's beginning", "why", why)
	p, err := m.create()
	if err != nil {
		return err
	}
	if err := m.point(p.db); err != nil {
		return errors.Join(err, p.db.close())
	}
	m.serve(p)
	m.sweep(filepath.Base(p.db.path))
	return nil
}

func (m *Model) path(file string) string { return filepath.Join(m.config.Dir, file) }

// create makes an empty database that nothing points to yet.
func (m *Model) create() (*projector, error) {
	for n := 1; ; n++ {
		path := m.path(fmt.Sprintf("%06d.db", n))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read model: %w", err)
		}
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("read model: %w", err)
		}
		db, err := openDatabase(path, m.config.Log.Identity())
		if err != nil {
			return nil, err
		}
		p, err := newProjector(db, m.config.Codec, m.config.Criteria)
		if err != nil {
			return nil, errors.Join(err, db.close())
		}
		return p, nil
	}
}

// point makes a database the one that serves after a restart.
func (m *Model) point(db *database) error {
	if err := atomicfile.WriteBytes(m.path(currentFile), []byte(filepath.Base(db.path)+"\n")); err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	return nil
}

// sweep removes databases that nothing points to: of rebuilds that were cut
// short, or that the newest one has replaced.
func (m *Model) sweep(keep string) {
	files, err := os.ReadDir(m.config.Dir)
	if err != nil {
		m.config.Logger.Warn("read model: cannot look for old files", "error", err)
		return
	}
	for _, f := range files {
		if base, _, ok := strings.Cut(f.Name(), ".db"); ok && base+".db" != keep {
			m.remove(f.Name())
		}
	}
}

func (m *Model) remove(name string) {
	if err := os.Remove(m.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.config.Logger.Warn("read model: cannot remove an old file", "error", err)
	}
}

// serve lets readers see a database. Callers hold fold, or are alone.
func (m *Model) serve(p *projector) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.projector = p
	m.db = p.db
	m.views = new(sync.WaitGroup)
	m.announce(p.head)
}

// announce tells waiting readers of a new head; callers hold mu.
func (m *Model) announce(head Head) {
	m.head = head
	close(m.changed)
	m.changed = make(chan struct{})
}

// Fold commits one page; see projector.fold.
func (m *Model) Fold(page eventstore.Page) error {
	m.fold.Lock()
	defer m.fold.Unlock()
	if m.closed { // Close holds fold too
		return errModelClosed
	}
	if err := m.projector.fold(page); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.announce(m.projector.head)
	return nil
}

// Checkpoint is where the feed goes on.
func (m *Model) Checkpoint() (eventstore.Checkpoint, error) {
	head := m.Head()
	return eventstore.Checkpoint{LogID: head.LogID, Position: head.Position}, nil
}

// Head is the newest moment that readers can see.
func (m *Model) Head() Head {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.head
}

// Changed is closed at the next commit.
func (m *Model) Changed() <-chan struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.changed
}

// ErrBehind means that the read model has not reached a position in time. What
// was recorded is safe; ask again.
var ErrBehind = errors.New("the read model has not reached that position yet")

// WaitFor returns once the read model reflects the position, so that whoever
// wrote reads their write, or ErrBehind when ctx ends first.
func (m *Model) WaitFor(ctx context.Context, position eventstore.Position) error {
	for {
		changed := m.Changed()
		head := m.Head()
		if head.Position >= position {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("position %s, read model at %s: %w", position, head.Position, ErrBehind)
		}
	}
}

var errModelClosed = errors.New("the read model is closed")

// View opens a view of the newest moment. Close it.
func (m *Model) View(ctx context.Context) (*View, error) {
	m.mu.RLock()
	if m.closed {
		m.mu.RUnlock()
		return nil, errModelClosed
	}
	db, views := m.db, m.views
	views.Add(1)
	m.mu.RUnlock()
	return m.openView(ctx, db, views.Done)
}

func (m *Model) openView(ctx context.Context, db *database, done func()) (*View, error) {
	conn, err := db.reader(ctx)
	if err != nil {
		done()
		return nil, err
	}
	v := &View{conn: conn, criteria: m.config.Criteria, calendar: m.config.Calendars, moments: &db.moments, release: func() {
		db.putReader(conn)
		done()
	}}
	if v.head, err = readHead(conn); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Close waits for open views and closes the database.
func (m *Model) Close() error {
	m.fold.Lock()
	defer m.fold.Unlock()
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	db, views := m.db, m.views
	m.mu.Unlock()
	views.Wait()
	return errors.Join(db.close(), m.lock.Close())
}
