-- Who has taken a look in a batch and has not begun it yet: after a minute it is at an end.
ALTER TABLE looks ADD COLUMN batch word NOT NULL DEFAULT '';
