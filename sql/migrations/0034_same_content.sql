-- A file with the content of the file before it is a duplicate: loading it would change nothing.

ALTER TABLE waybill.ingestion_jobs DROP CONSTRAINT ingestion_jobs_state_check;
ALTER TABLE waybill.ingestion_jobs ADD CONSTRAINT ingestion_jobs_state_check CHECK (state IN (
    'AWAITING_UPLOAD', 'EXTRACTING', 'LANDED', 'LOADING', 'MERGING', 'COMPLETED',
    'COMPLETED_WITH_REJECTS', 'FAILED', 'CANCELLED', 'EXPIRED', 'DUPLICATE')) NOT VALID;
ALTER TABLE waybill.ingestion_jobs VALIDATE CONSTRAINT ingestion_jobs_state_check;
COMMENT ON COLUMN waybill.ingestion_jobs.duplicate_of IS
    'The loaded file of the same content, of a job that was not loaded for it.';

CREATE TABLE waybill.current_contents (
    dataset text PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    filenodes oid[] NOT NULL
);
COMMENT ON TABLE waybill.current_contents IS
    'The file that left the table of a dataset as it is now, and the table''s files on disk then.';

CREATE TABLE waybill.table_changes (dataset text NOT NULL);
CREATE INDEX table_changes_dataset ON waybill.table_changes (dataset);
COMMENT ON TABLE waybill.table_changes IS
    'Datasets whose rows were changed by a statement since current_contents was last written.';

-- Runs after each statement that writes to the table of a dataset, whoever executes it. It only
-- inserts: writers of one table would wait for each other if they changed a common row.
CREATE FUNCTION waybill.record_table_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO waybill.table_changes (dataset)
    SELECT d.name
    FROM waybill.datasets AS d
    WHERE d.target = TG_RELID
        -- One row is enough, but an older snapshot may show one that has been deleted since.
        AND (
            current_setting('transaction_isolation') <> 'read committed'
            OR NOT EXISTS (SELECT FROM waybill.table_changes AS c WHERE c.dataset = d.name)
        );
    RETURN NULL;
END
$$;

CREATE FUNCTION waybill.watch_table(p_table regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format(
        $q$
        CREATE OR REPLACE TRIGGER _waybill_changes
        AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION waybill.record_table_change()
        $q$, p_table);
END
$$;

SELECT waybill.watch_table(d.target)
FROM waybill.datasets AS d
WHERE d.write_disposition = 'merge' AND d.natural_key <> '{}';
