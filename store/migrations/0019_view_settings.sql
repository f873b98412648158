-- The settings that decide about each pin, each list of them once with the places of its pins.
ALTER TABLE views ADD COLUMN settings TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(settings));
