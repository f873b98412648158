-- What an operator paused: a project, or with an empty path all of them.
CREATE TABLE pauses (
  project TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??*Z')
) STRICT, WITHOUT ROWID;
