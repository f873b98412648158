-- A database as schema 16 made it, with a row in every table.

CREATE TABLE projects (
  path TEXT NOT NULL PRIMARY KEY,
  id INTEGER NOT NULL DEFAULT 0,
  dashboard_iid INTEGER NOT NULL DEFAULT 0,
  dashboard_body TEXT NOT NULL DEFAULT '',
  dashboard_at TEXT CHECK (dashboard_at GLOB '????-??-??T??:??:??*Z'),
  paused_note_for INTEGER NOT NULL DEFAULT 0,
  last_note_id INTEGER NOT NULL DEFAULT 0,
  merge_requests_seen TEXT CHECK (merge_requests_seen GLOB '????-??-??T??:??:??*Z')
, attended_at TEXT CHECK (attended_at GLOB '????-??-??T??:??:??*Z'), pipelines_seen TEXT CHECK (pipelines_seen GLOB '????-??-??T??:??:??*Z'), pipelines TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(pipelines)), rights_at TEXT CHECK (rights_at GLOB '????-??-??T??:??:??*Z'), gaps TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(gaps)), standings TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(standings)), gates TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(gates)), prefix TEXT NOT NULL DEFAULT '', bots TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(bots))) STRICT;

CREATE TABLE packages (
  index_name TEXT NOT NULL,
  name TEXT NOT NULL,
  etag TEXT NOT NULL,
  serial INTEGER NOT NULL,
  checked_at TEXT CHECK (checked_at GLOB '????-??-??T??:??:??*Z'),
  problem TEXT NOT NULL,
  with_hashes INTEGER NOT NULL CHECK (with_hashes IN (0, 1)),
  facts BLOB, fresh_until TEXT CHECK (fresh_until GLOB '????-??-??T??:??:??*Z'), digest TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (index_name, name)
) STRICT;

CREATE TABLE branches (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  name TEXT NOT NULL,
  head TEXT NOT NULL,
  digest TEXT NOT NULL,
  base TEXT NOT NULL,
  message TEXT NOT NULL,
  written_at TEXT CHECK (written_at GLOB '????-??-??T??:??:??*Z'), asked TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE merge_requests (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  iid INTEGER NOT NULL,
  branch TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('opened', 'closed', 'merged', 'locked')),
  facts TEXT NOT NULL CHECK (json_valid(facts)),
  PRIMARY KEY (project, iid)
) STRICT, WITHOUT ROWID;

CREATE TABLE selections (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'refused', 'withdrawn')),
  reason TEXT NOT NULL,
  title TEXT NOT NULL,
  tick TEXT NOT NULL CHECK (json_valid(tick)),
  at TEXT CHECK (at GLOB '????-??-??T??:??:??*Z'),
  PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'stopped', 'abandoned')),
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  instance TEXT NOT NULL,
  began_at TEXT NOT NULL CHECK (began_at GLOB '????-??-??T??:??:??*Z'),
  lease_until TEXT NOT NULL CHECK (lease_until GLOB '????-??-??T??:??:??*Z'),
  ended_at TEXT CHECK (ended_at GLOB '????-??-??T??:??:??*Z'),
  summary TEXT NOT NULL DEFAULT '',
  CHECK ((status = 'running') = (ended_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX live_run ON runs (project) WHERE status = 'running';

CREATE TABLE actions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  result TEXT,
  began_at TEXT NOT NULL CHECK (began_at GLOB '????-??-??T??:??:??*Z'),
  ended_at TEXT CHECK (ended_at GLOB '????-??-??T??:??:??*Z'),
  CHECK ((result IS NULL) = (ended_at IS NULL))
) STRICT;

CREATE INDEX actions_by_run ON actions (run);
CREATE INDEX runs_by_status ON runs (project, status);

CREATE TABLE package_details (
  index_name TEXT NOT NULL,
  name TEXT NOT NULL,
  details BLOB NOT NULL, whole BLOB,
  PRIMARY KEY (index_name, name)
) STRICT;

CREATE TABLE metadata (
  index_name TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('known', 'unknown', 'refused')),
  reason TEXT NOT NULL,
  metadata BLOB, proof TEXT NOT NULL DEFAULT '', read_at TEXT NOT NULL DEFAULT '', doubtful INTEGER NOT NULL DEFAULT 0 CHECK (doubtful IN (0, 1)),
  PRIMARY KEY (index_name, name, version)
) STRICT;

CREATE TABLE files (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  path TEXT NOT NULL,
  head TEXT NOT NULL,
  data BLOB,
  PRIMARY KEY (project, path)
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  entry TEXT NOT NULL CHECK (json_valid(entry))
) STRICT;

CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;

CREATE TABLE quiet (
  project TEXT NOT NULL PRIMARY KEY REFERENCES projects (path) ON DELETE CASCADE,
  run INTEGER NOT NULL,
  record TEXT NOT NULL CHECK (json_valid(record))
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
  project TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??*Z')
) STRICT, WITHOUT ROWID;

CREATE TABLE views (
  project TEXT NOT NULL PRIMARY KEY REFERENCES projects (path) ON DELETE CASCADE,
  at TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??*Z'),
  summary TEXT NOT NULL CHECK (json_valid(summary)),
  updates TEXT NOT NULL CHECK (json_valid(updates))
) STRICT, WITHOUT ROWID;
CREATE TABLE pins (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  file TEXT NOT NULL,
  line INTEGER NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  standing TEXT NOT NULL,
  target TEXT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (project, file, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX pins_by_key ON pins (key, project);

CREATE TABLE audit_removed (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  older_than TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit WHEN OLD.id > coalesce((SELECT last FROM audit_removed), 0)
BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;
CREATE TABLE release_notes (
  place TEXT NOT NULL,
  name TEXT NOT NULL,
  from_version TEXT NOT NULL,
  to_version TEXT NOT NULL,
  read_at TEXT NOT NULL CHECK (read_at GLOB '????-??-??T??:??:??*Z'),
  notes TEXT NOT NULL CHECK (json_valid(notes)),
  PRIMARY KEY (place, name, from_version, to_version)
) STRICT, WITHOUT ROWID;
ALTER TABLE views ADD COLUMN settings TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(settings));
ALTER TABLE runs ADD COLUMN in_a_row INTEGER NOT NULL DEFAULT 1 CHECK (in_a_row > 0);
ALTER TABLE projects ADD COLUMN gitlab TEXT NOT NULL DEFAULT '';
INSERT INTO projects VALUES ('g/p', 7, 3, 'body', '2026-01-02T03:04:05Z', 3, 99, '2026-01-02T03:04:05.123Z', '2026-01-01T00:00:00Z', '2026-01-02T03:00:00Z', '{"5":{"Head":"aaa","Result":"passed"}}', '2026-01-02T03:00:00Z', '[]', '{"current":2}', '{"Runs":[{"Operation":"pinwheel-0","Result":"passed"}]}', 'pinwheel/', '{"former":["old-bot"]}', 'gitlab.example/api/v4/');
INSERT INTO files VALUES ('g/p', 'constraints.txt', 'bbb', x'626f746f33');
INSERT INTO files VALUES ('g/p', '.gitlab/pinwheel.yaml', 'bbb', NULL);
INSERT INTO packages VALUES ('pypi', 'boto3', '"abc"', 12, '2026-01-02T03:04:05Z', '', 1, x'00ff', '2026-01-02T04:00:00Z', 'eee');
INSERT INTO branches VALUES ('g/p', 'pinwheel/boto3-1.x', 'aaa', 'ddd', 'bbb', 'message', '2026-01-02T03:04:05Z', 'aaa');
INSERT INTO merge_requests VALUES ('g/p', 5, 'pinwheel/boto3-1.x', 'opened', '{"IID":5,"Branch":"pinwheel/boto3-1.x","State":"opened"}');
INSERT INTO selections VALUES ('g/p', 'note-9', 'pending', '', 'Update boto3', '{"ID":"note-9","Box":"unschedule"}', '2026-01-02T03:04:05Z');
INSERT INTO runs VALUES (4, 'g/p', 'running', 'h', 1, 'i', '2026-01-02T03:04:05Z', '2026-01-02T04:04:05Z', NULL, '', 1);
INSERT INTO actions VALUES (6, 'g/p', 4, 'commit', 'pinwheel/boto3-1.x', '', NULL, '2026-01-02T03:04:05Z', NULL);
INSERT INTO package_details VALUES ('pypi', 'boto3', x'0102', x'03');
INSERT INTO metadata VALUES ('pypi', 'boto3', '1.0', 'boto3-1.0.tar.gz', 'ccc', 'unknown', 'why', NULL, 'ccc', '2026-01-02T03:04:05Z', 1);
INSERT INTO quiet VALUES ('g/p', 3, '{"by":"bbb","reads":[{"url":"https://gitlab.example/api/v4/user","answer":"aaa","wave":1}]}');
INSERT INTO audit VALUES (1, 'g/p', '{"project":"g/p","event":"began"}');
INSERT INTO pauses VALUES ('g/p', 'why', 'u', '2026-01-02T03:04:05Z');
INSERT INTO views VALUES ('g/p', '2026-01-02T03:04:05Z', '{"status":"done","pins":2}', '[{"title":"Update boto3","state":"open"}]', '[{"pins":["constraints.txt:1"],"settings":[{"key":"mode","value":"full","place":"a.yaml:1"}]}]');
INSERT INTO pins VALUES ('g/p', 'constraints.txt', 1, 'boto3', 'boto3', '1.0', 'behind', '2.0', 'why');
INSERT INTO audit_removed VALUES (1, 0, 12, '2025-01-02T03:04:05Z');
INSERT INTO release_notes VALUES ('https://gitlab.example/g/a', 'a', '1.0', '1.2', '2026-01-02T03:04:05Z', '{"notes":[{"version":"1.2","text":"n"}]}');
PRAGMA application_id = 0x70696e77;
PRAGMA user_version = 21;
