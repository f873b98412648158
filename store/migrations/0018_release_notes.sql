-- What repositories publish about the releases of a step.
CREATE TABLE release_notes (
  place TEXT NOT NULL,
  name TEXT NOT NULL,
  from_version TEXT NOT NULL,
  to_version TEXT NOT NULL,
  read_at TEXT NOT NULL CHECK (read_at GLOB '????-??-??T??:??:??*Z'),
  notes TEXT NOT NULL CHECK (json_valid(notes)),
  PRIMARY KEY (place, name, from_version, to_version)
) STRICT, WITHOUT ROWID;
