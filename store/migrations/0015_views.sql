-- What the last run that looked at everything found, for the status page.
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
