-- Runs in a row that had no effect and ended in the same way share a row: how many they are. It
-- began when the first of them did, and ended when the last of them did.
ALTER TABLE runs ADD COLUMN in_a_row bigint NOT NULL DEFAULT 1 CHECK (in_a_row > 0);
