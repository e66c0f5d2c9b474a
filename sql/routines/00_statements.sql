-- Error codes that the routines raise, and what they stand for in the API
-- (`waybill/database/errors.py` translates them):
--
--   WB001  unknown-dataset   there is no dataset of this name
--   WB002  unknown-job       there is no job, or no chunk, of this id
--   WB003  job-ended         the job has ended, so nothing more is staged for it
--   WB005  contract-broken   the table, its registration or a file contradicts the contract
--   WB006  plan-superseded   a later attempt at the plan of the object has taken over
--   WB009  batch-refused     rows of an atomic batch are invalid; the detail lists them
--   WB010  key-reused        an idempotency key was used with another body
--   WB011  key-in-flight     a batch with this idempotency key is being written
--   WB012  not-replayable    the job, or a reject of it, cannot be replayed
--   WB013  bad-cursor        a cursor has a key that the table cannot have
--   WB014  source-exists     a source of this name exists
--   WB015  unknown-source    there is no source of this id
--   WB016  source-declared   a file declares the source, so the API does not change it
--   WB017  still-referenced  other rows refer to a person who is to be erased
--   WB018  unknown-person    the dataset cannot have this key
--   WB019  unknown-receiver  a source notifies a receiver that no file declares
--   WB020  not-revertible    the load cannot be taken back; the detail lists what touched its rows
--   WB021  too-many-exports  as many exports are open as may be at a time
--   WB022  partition-archived  rows of the dataset are in the lake, or on their way there
--   WB023  unknown-partition   no partition of this name is archived
--   WB024  lake-refused      a partition cannot be archived or restored as it is
--   WB999  (internal)        undoes a merge that was only counted: a dry run, too many rejects
--   55P03  database-busy     PostgreSQL's own lock_not_available: a lock is taken; retry later

-- Runs a statement that was composed, shows it in the log at DEBUG, and returns the number of
-- rows that it affected.
CREATE OR REPLACE FUNCTION waybill.run_sql(p_statement text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_rows bigint;
BEGIN
    RAISE DEBUG USING MESSAGE = p_statement;
    EXECUTE p_statement;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
