-- Users that pinwheel had before, and another bot that was seen at work.
ALTER TABLE projects ADD COLUMN bots TEXT NOT NULL DEFAULT 'null' CHECK (json_valid(bots));
