-- The GitLab of a project, without its scheme: numbers of projects, issues and notes count there alone.
ALTER TABLE projects ADD COLUMN gitlab TEXT NOT NULL DEFAULT '';
