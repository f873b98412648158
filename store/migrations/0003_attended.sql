-- The last run before which no window was missed.
ALTER TABLE projects ADD COLUMN attended_at TEXT CHECK (attended_at GLOB '????-??-??T??:??:??*Z');
