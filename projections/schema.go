package projections

// schemaVersion changes with the tables below; a read model of another version
// is rebuilt, never migrated: the log has everything.
const schemaVersion = 3

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
-- The earliest time of each block of events, see times.go.
CREATE TABLE trail_times (block INTEGER PRIMARY KEY, earliest INTEGER NOT NULL);

CREATE TABLE districts (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE centers (
	code TEXT PRIMARY KEY, district TEXT NOT NULL, name TEXT NOT NULL, area TEXT NOT NULL, demo INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX centers_by_district ON centers (district, code);

CREATE TABLE rounds (
	id TEXT PRIMARY KEY, seq INTEGER NOT NULL, name TEXT NOT NULL,
	standard TEXT NOT NULL, standard_hash TEXT NOT NULL,
	assess_from TEXT NOT NULL, assess_to TEXT NOT NULL, honors_from TEXT NOT NULL, honors_to TEXT NOT NULL,
	demo INTEGER NOT NULL, guide TEXT NOT NULL, guide_hash TEXT NOT NULL,
	calendar TEXT NOT NULL, calendar_hash TEXT NOT NULL, appeal_days INTEGER NOT NULL, decision_days INTEGER NOT NULL,
	notice INTEGER NOT NULL, closed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
-- release is the one that published what was deliberated, 0 while none has.
CREATE TABLE deliberations (
	round TEXT NOT NULL, seq INTEGER NOT NULL, log_size INTEGER NOT NULL, minutes TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL, release INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (round, seq)
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
-- detail is JSON of what was counted, ticked and overridden, '' without it;
-- appeal the id of the appeal whose decision made the version, '' without one.
CREATE TABLE entries (
	assessment INTEGER NOT NULL, clause INTEGER NOT NULL, version INTEGER NOT NULL,
	seq INTEGER NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,
	outcome TEXT NOT NULL, points INTEGER NOT NULL, method TEXT NOT NULL, observed INTEGER NOT NULL,
	reason TEXT NOT NULL, evidence TEXT NOT NULL, why TEXT NOT NULL, detail TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL, appeal TEXT NOT NULL DEFAULT '',
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
-- What appeals made of a deduction: item is the one that stands from seq on, ''
-- where nothing is left of it.
CREATE TABLE deduction_corrections (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
	appeal TEXT NOT NULL, panel INTEGER NOT NULL, item TEXT NOT NULL, why TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, number, seq)
) WITHOUT ROWID;
-- joint has the codes of the other centers that the award names; twin is equal
-- where two claims are of the same honor, see HonorKey.
CREATE TABLE honors (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL,
	seq INTEGER NOT NULL, decided INTEGER NOT NULL DEFAULT 0,
	title TEXT NOT NULL, level TEXT NOT NULL, issuer TEXT NOT NULL, awarded TEXT NOT NULL, document TEXT NOT NULL,
	joint TEXT NOT NULL, twin TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	state TEXT NOT NULL, points INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (assessment, number)
) WITHOUT ROWID;
CREATE INDEX honors_by_twin ON honors (twin);
CREATE TABLE notices (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
	appeal_by TEXT NOT NULL, days INTEGER NOT NULL, calendar TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, number)
) WITHOUT ROWID;
-- text and salt stand in metadata only: what of a reply is public, its newest
-- redaction says.
CREATE TABLE replies (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
	digest TEXT NOT NULL, text TEXT NOT NULL, salt TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, number)
) WITHOUT ROWID;
CREATE TABLE redactions (
	assessment INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
	text TEXT NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (assessment, number, seq)
) WITHOUT ROWID;

CREATE TABLE appeals (
	number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, stream TEXT NOT NULL UNIQUE, id TEXT NOT NULL UNIQUE,
	round TEXT NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, district TEXT NOT NULL,
	clause TEXT NOT NULL, deduction INTEGER NOT NULL, version INTEGER NOT NULL, outcome TEXT NOT NULL,
	points INTEGER NOT NULL, item TEXT NOT NULL, lost INTEGER NOT NULL,
	ground TEXT NOT NULL, statement TEXT NOT NULL, evidence TEXT NOT NULL,
	appeal_by TEXT NOT NULL, decide_by TEXT NOT NULL, calendar TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX appeals_by_subject ON appeals (subject, round, clause, deduction);
CREATE INDEX appeals_by_round ON appeals (round);
-- One row for each event that moves an appeal's status, panel or deadline, with
-- what it says and what the appeal was from then on.
CREATE TABLE appeal_steps (
	appeal INTEGER NOT NULL, seq INTEGER NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,
	event TEXT NOT NULL, text TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
	status TEXT NOT NULL, panel INTEGER NOT NULL, decide_by TEXT NOT NULL, expired TEXT NOT NULL,
	PRIMARY KEY (appeal, seq)
) WITHOUT ROWID;
CREATE INDEX appeals_due ON appeal_steps (decide_by) WHERE replaced = 0;
-- Who was named to hear an appeal. Accounts stand in metadata only. gone is the
-- seq of the recusal, or of the naming that replaced the panel; 0 without one.
CREATE TABLE appeal_members (
	appeal INTEGER NOT NULL, seq INTEGER NOT NULL, place INTEGER NOT NULL, panel INTEGER NOT NULL,
	pseudonym TEXT NOT NULL, account TEXT NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
	recused INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', on_request INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (appeal, seq, place)
) WITHOUT ROWID;
CREATE INDEX appeal_members_by_account ON appeal_members (account, appeal);
-- void is the seq from which a vote no longer counts, 0 while it does.
CREATE TABLE appeal_votes (
	appeal INTEGER NOT NULL, seq INTEGER NOT NULL, void INTEGER NOT NULL DEFAULT 0, panel INTEGER NOT NULL,
	outcome TEXT NOT NULL, restored INTEGER NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (appeal, seq)
) WITHOUT ROWID;
CREATE TABLE appeal_statements (
	appeal INTEGER NOT NULL, seq INTEGER NOT NULL, party TEXT NOT NULL, statement TEXT NOT NULL, evidence TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (appeal, seq)
) WITHOUT ROWID;
-- corrected is JSON of what the target becomes, '' where nothing changes.
CREATE TABLE appeal_decisions (
	appeal INTEGER NOT NULL, seq INTEGER NOT NULL, panel INTEGER NOT NULL,
	outcome TEXT NOT NULL, restored INTEGER NOT NULL, reasons TEXT NOT NULL, corrected TEXT NOT NULL, escalate_by TEXT NOT NULL,
	by TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (appeal, seq)
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
-- Which events moved the totals of the centers that a release and the one
-- before it both show: of the center's own record, or of its district's.
CREATE TABLE release_changes (
	round TEXT NOT NULL, release INTEGER NOT NULL, center TEXT NOT NULL, seq INTEGER NOT NULL,
	assessment INTEGER NOT NULL, clause TEXT NOT NULL, deduction INTEGER NOT NULL, honor INTEGER NOT NULL, appeal TEXT NOT NULL,
	effect INTEGER NOT NULL, total INTEGER NOT NULL,
	PRIMARY KEY (round, release, center, seq)
) WITHOUT ROWID;
`
