-- What proved a release's metadata: the digest of the file, or of the metadata
-- beside it. Without one it is read again after read_at and a while.
ALTER TABLE metadata ADD COLUMN proof TEXT NOT NULL DEFAULT '';
ALTER TABLE metadata ADD COLUMN read_at TEXT NOT NULL DEFAULT '';
