-- All that an index said of a package. packages.facts holds what is not older
-- than its pins, which is what most runs read.
ALTER TABLE package_details ADD COLUMN whole BLOB;
