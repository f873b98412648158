-- The files of a project as they are at the commit at which its last run read them,
-- and the prefix under which that run read branches and merge requests.
CREATE TABLE files (
  project TEXT NOT NULL REFERENCES projects (path) ON DELETE CASCADE,
  path TEXT NOT NULL,
  head TEXT NOT NULL,
  data BLOB,
  PRIMARY KEY (project, path)
) STRICT;
ALTER TABLE projects ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
