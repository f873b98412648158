-- What came had another digest than the index gives, in one run: nothing is known of
-- the release by it, and another run that is given the same has an answer.
ALTER TABLE metadata ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0 CHECK (doubtful IN (0, 1));
