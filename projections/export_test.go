package projections

import (
	"errors"

	"mingjian/criteria"
	"mingjian/eventstore"
)

// Local is a projector without a log, a feed or a router around it.
type Local struct{ p *projector }

// OpenLocal makes an empty database at path for a log.
func OpenLocal(path, logID string) (*Local, error) {
	db, err := openDatabase(path, logID)
	if err != nil {
		return nil, err
	}
	p, err := newProjector(db, eventstore.NewCodec(), criteria.Lookup)
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return &Local{p}, nil
}

// Fold commits one page.
func (l *Local) Fold(page eventstore.Page) error { return l.p.fold(page) }

// Reload drops what is in memory, as a restart does.
func (l *Local) Reload() error { return l.p.reload() }

// Head is where the database is.
func (l *Local) Head() Head { return l.p.head }

// Digest is the digest of every row.
func (l *Local) Digest() (string, error) { return digest(l.p.db.writer) }

// Close closes the database.
func (l *Local) Close() error { return l.p.db.close() }
