-- What bounds all processes together. Three of the tables are not logged: after a crash of the server
-- they are empty, and the processes begin anew.

-- By when all requests to a GitLab would have been sent one by one, and until when it wants none.
CREATE UNLOGGED TABLE paces (
  origin word PRIMARY KEY,
  at timestamptz NOT NULL,
  not_before timestamptz
);

-- How much of a bound each process wants, and how much it has.
CREATE UNLOGGED TABLE shares (
  bound word NOT NULL,
  worker word NOT NULL,
  wants bigint NOT NULL,
  has bigint NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (bound, worker)
);

-- How many merge requests a run may open of those that all projects may together. No reference to
-- runs: a place counts for an hour also where its run is not kept.
CREATE TABLE places (
  run bigint PRIMARY KEY,
  at moment NOT NULL,
  n bigint NOT NULL
);

-- Pages of indexes that a run reads now, for itself and all others.
CREATE UNLOGGED TABLE page_claims (
  index_name word NOT NULL,
  name word NOT NULL,
  worker word NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (index_name, name)
);
