package projections

// schemaVersion changes with the tables below; a read model of another version
// is rebuilt, never migrated: the log has everything.
const schemaVersion = 2

// schema is one database at one position. Times are milliseconds since 1970,
// points hundredths, seq the application events counted from 1 in the log's
// order. A row that can be superseded says from which seq it holds (seq) and
// which seq ended it (replaced, lifted, decided; 0 while it stands), so that
// any moment can be read back.
const schema = `
CREATE TABLE head (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	log TEXT NOT NULL, position INTEGER NOT NULL, seq INTEGER NOT NULL
);
CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE actors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE trail (
	seq INTEGER PRIMARY KEY, position INTEGER NOT NULL,
	stream INTEGER NOT NULL, revision INTEGER NOT NULL,
	event_id BLOB NOT NULL, type TEXT NOT NULL,
	actor INTEGER NOT NULL, command BLOB NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX trail_by_stream ON trail (stream, seq);

CREATE TABLE districts (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE centers (
	code TEXT PRIMARY KEY, district TEXT NOT NULL, name TEXT NOT NULL, area TEXT NOT NULL, demo INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX centers_by_district ON centers (district, code);

CREATE TABLE rounds (
	id TEXT PRIMARY KEY, seq INTEGER NOT NULL, name TEXT NOT NULL,
	standard TEXT NOT NULL, standard_hash TEXT NOT NULL,
	assess_from TEXT NOT NULL, assess_to TEXT NOT NULL, honors_from TEXT NOT NULL, honors_to TEXT NOT NULL,
	demo INTEGER NOT NULL, guide TEXT NOT NULL, guide_hash TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE releases (
	round TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
	engine TEXT NOT NULL, log_size INTEGER NOT NULL, at INTEGER NOT NULL, position INTEGER NOT NULL,
	PRIMARY KEY (round, number)
) WITHOUT ROWID;

CREATE TABLE assessments (
	id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, stream TEXT NOT NULL UNIQUE,
	round TEXT NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, district TEXT NOT NULL,
	opened INTEGER NOT NULL, status TEXT NOT NULL, revision INTEGER NOT NULL,
	UNIQUE (round, subject)
);
CREATE TABLE statuses (
	assessment INTEGER NOT NULL, seq INTEGER NOT NULL, status TEXT NOT NULL,
	PRIMARY KEY (assessment, seq)
) WITHOUT ROWID;
-- Who was assigned or recused: accounts stand in metadata only, so they never
-- leave for the public. recused is the seq of the recusal, 0 without one; who
-- was recused without having been assigned has assigned 0.
CREATE TABLE members (
	assessment INTEGER NOT NULL, pseudonym TEXT NOT NULL, account TEXT NOT NULL,
	assigned INTEGER NOT NULL, lead INTEGER NOT NULL, recused INTEGER NOT NULL DEFAULT 0,
	reason TEXT NOT NULL DEFAULT '', on_request INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (assessment, pseudonym)
) WITHOUT ROWID;
CREATE INDEX members_by_account ON members (account, assessment);
CREATE TABLE observations (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
	clause INTEGER NOT NULL, text TEXT NOT NULL, method TEXT NOT NULL, observed INTEGER NOT NULL, evidence TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, number)
) WITHOUT ROWID;
CREATE TABLE returns (
	assessment INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL, clauses TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, seq)
) WITHOUT ROWID;
-- Which records a piece of evidence belongs to, by its SHA-256: not each one that
-- refers to it, see projector.evidence.
CREATE TABLE evidence (
	sha256 TEXT NOT NULL, assessment INTEGER NOT NULL,
	PRIMARY KEY (sha256, assessment)
) WITHOUT ROWID;
-- Who uploaded a piece of evidence, by account.
CREATE TABLE uploads (
	sha256 TEXT NOT NULL, account TEXT NOT NULL,
	PRIMARY KEY (sha256, account)
) WITHOUT ROWID;
-- detail is JSON of what was counted, ticked and overridden, '' without it.
CREATE TABLE entries (
	assessment INTEGER NOT NULL, clause INTEGER NOT NULL, version INTEGER NOT NULL,
	seq INTEGER NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,
	outcome TEXT NOT NULL, points INTEGER NOT NULL, method TEXT NOT NULL, observed INTEGER NOT NULL,
	reason TEXT NOT NULL, evidence TEXT NOT NULL, why TEXT NOT NULL, detail TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, clause, version)
) WITHOUT ROWID;
CREATE TABLE deductions (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL,
	seq INTEGER NOT NULL, lifted INTEGER NOT NULL DEFAULT 0,
	item TEXT NOT NULL, reason TEXT NOT NULL, source TEXT NOT NULL, occurred TEXT NOT NULL, evidence TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	lifted_reason TEXT NOT NULL DEFAULT '', lifted_at INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (assessment, number)
) WITHOUT ROWID;
CREATE TABLE honors (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL,
	seq INTEGER NOT NULL, decided INTEGER NOT NULL DEFAULT 0,
	title TEXT NOT NULL, level TEXT NOT NULL, issuer TEXT NOT NULL, awarded TEXT NOT NULL, document TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	state TEXT NOT NULL, points INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (assessment, number)
) WITHOUT ROWID;

CREATE TABLE indicator_scores (
	assessment INTEGER NOT NULL, indicator INTEGER NOT NULL, score INTEGER NOT NULL, decided INTEGER NOT NULL,
	PRIMARY KEY (assessment, indicator)
) WITHOUT ROWID;
CREATE TABLE section_scores (
	assessment INTEGER NOT NULL, section INTEGER NOT NULL, score INTEGER NOT NULL, decided INTEGER NOT NULL,
	PRIMARY KEY (assessment, section)
) WITHOUT ROWID;

-- The newest standings have release 0, each release its own, immutable ones.
CREATE TABLE standings (
	round TEXT NOT NULL, release INTEGER NOT NULL, center TEXT NOT NULL, district TEXT NOT NULL,
	status TEXT NOT NULL, complete INTEGER NOT NULL, decided INTEGER NOT NULL,
	total INTEGER NOT NULL, gross INTEGER NOT NULL, deduction INTEGER NOT NULL,
	city_rank INTEGER NOT NULL, district_rank INTEGER NOT NULL,
	PRIMARY KEY (round, release, center)
) WITHOUT ROWID;
CREATE INDEX standings_in_order ON standings (round, release, complete DESC, total DESC, center);
CREATE INDEX standings_by_district ON standings (round, release, district, complete DESC, total DESC, center);
CREATE TABLE district_standings (
	round TEXT NOT NULL, release INTEGER NOT NULL, district TEXT NOT NULL, place INTEGER NOT NULL,
	rank INTEGER NOT NULL, mean_sum INTEGER NOT NULL, mean_count INTEGER NOT NULL,
	median_sum INTEGER NOT NULL, median_count INTEGER NOT NULL,
	min INTEGER NOT NULL, max INTEGER NOT NULL, centers INTEGER NOT NULL, ranked INTEGER NOT NULL,
	PRIMARY KEY (round, release, district)
) WITHOUT ROWID;
`
