-- Entries of the audit that are older than the operator keeps them may go, the oldest first: last is
-- the number up to which they may, entries how many went. All others stay.
CREATE TABLE audit_removed (
  id bigint PRIMARY KEY CHECK (id = 1),
  last bigint NOT NULL,
  entries bigint NOT NULL,
  older_than moment NOT NULL
);

CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.id > coalesce((SELECT last FROM audit_removed), 0) THEN
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  RETURN OLD;
END $$;
DROP TRIGGER audit_is_final ON audit;
CREATE TRIGGER audit_is_final BEFORE UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();
CREATE TRIGGER audit_stays BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays();
