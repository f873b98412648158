-- Entries of the audit that are older than the operator keeps them may go, the oldest first: last is
-- the number up to which they may, entries how many went. All others stay.
CREATE TABLE audit_removed (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  older_than TEXT NOT NULL
) STRICT;

DROP TRIGGER audit_stays;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit WHEN OLD.id > coalesce((SELECT last FROM audit_removed), 0)
BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;
