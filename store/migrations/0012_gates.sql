-- The pipelines of gates that are known, what heads show of gates, and how far the
-- lists of pipelines were read.
ALTER TABLE projects ADD COLUMN gates TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(gates));
