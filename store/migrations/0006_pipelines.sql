-- How the pipelines of open merge requests ended, by IID, and how far the list of
-- pipelines was read.
ALTER TABLE projects ADD COLUMN pipelines_seen TEXT CHECK (pipelines_seen GLOB '????-??-??T??:??:??*Z');
ALTER TABLE projects ADD COLUMN pipelines TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(pipelines));
-- The head on which a branch's on_open was carried out.
ALTER TABLE branches ADD COLUMN asked TEXT NOT NULL DEFAULT '';
-- What a project lacked in rights and settings, and when that was looked at.
ALTER TABLE projects ADD COLUMN rights_at TEXT CHECK (rights_at GLOB '????-??-??T??:??:??*Z');
ALTER TABLE projects ADD COLUMN gaps TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(gaps));
