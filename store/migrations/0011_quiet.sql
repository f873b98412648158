-- What the last run of a project was told in which nothing changed and nothing was
-- to do, and the last run that was told the same.
CREATE TABLE quiet (
  project TEXT NOT NULL PRIMARY KEY REFERENCES projects (path) ON DELETE CASCADE,
  run INTEGER NOT NULL,
  record TEXT NOT NULL CHECK (json_valid(record))
) STRICT, WITHOUT ROWID;

-- A digest of all that an index said of a package, empty where an earlier version
-- wrote the row.
ALTER TABLE packages ADD COLUMN digest TEXT NOT NULL DEFAULT '';
