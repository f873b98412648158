-- What was asked and done, for good: rows are added and nothing else. No
-- reference to projects or runs, which may go.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  entry TEXT NOT NULL CHECK (json_valid(entry))
) STRICT;

CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;
