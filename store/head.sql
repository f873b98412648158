-- Schema 21
CREATE TABLE projects (
  path TEXT NOT NULL PRIMARY KEY,
  id INTEGER NOT NULL DEFAULT 0,
  dashboard_iid INTEGER NOT NULL DEFAULT 0,
  dashboard_body TEXT NOT NULL DEFAULT '',
  dashboard_at TEXT CHECK (dashboard_at GLOB '????-??-??T??:??:??*Z'),
  paused_note_for INTEGER NOT NULL DEFAULT 0,
  last_note_id INTEGER NOT NULL DEFAULT 0,
  merge_requests_seen TEXT CHECK (merge_requests_seen GLOB '????-??-??T??:??:??*Z')
, attended_at TEXT CHECK (attended_at GLOB '????-??-??T??:??:??*Z'), pipelines_seen TEXT CHECK (pipelines_seen GLOB '????-??-??T??:??:??*Z'), pipelines TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(pipelines)), rights_at TEXT CHECK (rights_at GLOB '????-??-??T??:??:??*Z'), gaps TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(gaps)), standings TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(standings)), gates TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(gates)), prefix TEXT NOT NULL DEFAULT '', bots TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(bots)), gitlab TEXT NOT NULL DEFAULT '') STRICT;
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
  summary TEXT NOT NULL DEFAULT '', in_a_row INTEGER NOT NULL DEFAULT 1 CHECK (in_a_row > 0),
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
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  entry TEXT NOT NULL CHECK (json_valid(entry))
) STRICT;
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;
CREATE INDEX runs_by_status ON runs (project, status);
CREATE TABLE quiet (
  project TEXT NOT NULL PRIMARY KEY REFERENCES projects (path) ON DELETE CASCADE,
  run INTEGER NOT NULL,
  record TEXT NOT NULL CHECK (json_valid(record))
) STRICT, WITHOUT ROWID;
CREATE TABLE files (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  path TEXT NOT NULL,
  head TEXT NOT NULL,
  data BLOB,
  PRIMARY KEY (project, path)
) STRICT;
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
, settings TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(settings))) STRICT, WITHOUT ROWID;
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
