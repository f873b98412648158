-- How many pins stood how in the last run that judged them, as a JSON object.
ALTER TABLE projects ADD COLUMN standings TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(standings));
