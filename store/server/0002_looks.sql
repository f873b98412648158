-- When a project is looked at, by whichever process: next_look by the schedule, wanted_at because
-- somebody asked. A look clears only the wakes that it began with. queued is how urgent the job is
-- that waits for it: 0 for none, 1 for one that nobody waits for, 2 for one that somebody waits for.
CREATE TABLE looks (
  project word PRIMARY KEY,
  next_look timestamptz,
  wanted_at timestamptz,
  urgent boolean NOT NULL DEFAULT false,
  wakes bigint NOT NULL DEFAULT 0,
  queued smallint NOT NULL DEFAULT 0,
  queued_at timestamptz,
  worker word NOT NULL DEFAULT '',
  known_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX looks_by_next ON looks (next_look);

-- Who is at work. A worker watches the dashboards of the projects that it looked at last.
CREATE TABLE workers (
  instance word PRIMARY KEY,
  seen_at timestamptz NOT NULL
);
