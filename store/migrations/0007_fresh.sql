-- What health and the retention of runs ask for, without reading all of them.
CREATE INDEX runs_by_status ON runs (project, status);
-- Until when an index's answer may be used without asking again.
ALTER TABLE packages ADD COLUMN fresh_until TEXT CHECK (fresh_until GLOB '????-??-??T??:??:??*Z');
