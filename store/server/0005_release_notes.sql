-- What repositories publish about the releases of a step.
CREATE TABLE release_notes (
  place word NOT NULL,
  name word NOT NULL,
  from_version word NOT NULL,
  to_version word NOT NULL,
  read_at moment NOT NULL,
  notes json NOT NULL,
  PRIMARY KEY (place, name, from_version, to_version)
);
