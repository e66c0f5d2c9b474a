-- Statistics of the columns of a file, kept for each job.

CREATE TABLE waybill.column_statistics (
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    place integer NOT NULL,
    column_name text NOT NULL,
    records bigint NOT NULL CHECK (records >= 0),
    nulls bigint NOT NULL CHECK (nulls BETWEEN 0 AND records),
    distinct_values bigint NOT NULL CHECK (distinct_values BETWEEN 0 AND records - nulls),
    is_exact boolean NOT NULL,
    lowest text,
    highest text,
    PRIMARY KEY (job_id, place)
);
COMMENT ON TABLE waybill.column_statistics IS
    'Statistics of the columns that a file filled, over its valid records.';
COMMENT ON COLUMN waybill.column_statistics.place IS 'Position among the columns of the table.';
COMMENT ON COLUMN waybill.column_statistics.records IS
    'Records that were staged: those that the checks of their fields did not reject.';
COMMENT ON COLUMN waybill.column_statistics.distinct_values IS
    'Distinct values besides null; an estimate if not is_exact.';
COMMENT ON COLUMN waybill.column_statistics.lowest IS
    'The lowest value; null for personal columns and for types without an order.';

-- Finds the load before, and a dataset's jobs, without reading those of others.
CREATE INDEX ingestion_jobs_newest ON waybill.ingestion_jobs (dataset, job_id);

ALTER TABLE waybill.chunks ADD COLUMN columns jsonb;
COMMENT ON COLUMN waybill.chunks.columns IS
    'Statistics of the columns of its records, until the merge adds them up.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.finish_chunk;
