-- Where the files of a package are, as the index said last. Not a column of
-- packages: most runs read those and not this.
CREATE TABLE package_details (
  index_name TEXT NOT NULL,
  name TEXT NOT NULL,
  details BLOB NOT NULL,
  PRIMARY KEY (index_name, name)
) STRICT;

-- What a release requires, read from one of its files. It is kept for good: the
-- file's digest tells whether it still holds.
CREATE TABLE metadata (
  index_name TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('known', 'unknown', 'refused')),
  reason TEXT NOT NULL,
  metadata BLOB,
  PRIMARY KEY (index_name, name, version)
) STRICT;
