-- Which jobs a job waits for, and which one waits for no other.

-- Whether a file lacks columns of the table, which keep the values of earlier files. Of a JSON
-- file that is known only from its records, so it counts as partial.
CREATE OR REPLACE FUNCTION waybill.is_partial(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.tracks_absence(p_job) OR EXISTS (
    SELECT FROM jsonb_array_elements(p_job.contract -> 'columns') AS c (col)
    WHERE NOT p_job.layout -> 'columns' ? (c.col ->> 'name')
);

-- Whether the outcome of this file's records depends on the rows of earlier files. Usually it does
-- not, since the stamps of the rows keep the order. It does where the file lacks columns (a row has
-- one stamp, not one for each column); where the first record wins (a key where files only insert,
-- a value of another unique index or exclusion constraint); and where a parent in the table itself
-- decides whether a record is rejected.
CREATE OR REPLACE FUNCTION waybill.merges_in_order(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.is_partial(p_job)
    OR p_job.contract ->> 'write_disposition' = 'append'
        AND p_job.contract -> 'natural_key' <> '[]'
    OR p_job.contract ->> 'on_missing_parent' = 'reject'
        AND waybill.refers_to(p_job.contract, p_job.dataset)
    OR EXISTS (
        SELECT FROM waybill.datasets AS d
        JOIN pg_index AS i ON i.indrelid = d.target
        WHERE d.name = p_job.dataset
            AND (i.indisunique OR i.indisexclusion)
            AND NOT (
                i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
                AND d.natural_key <> '{}'
                AND waybill.column_names(i.indrelid, i.indkey::smallint[]) @> d.natural_key
            )
    );

-- The datasets whose earlier files must end before this one: those that it refers to, and its own
-- where their order matters. Found once for a job, since there may be thousands of files.
CREATE OR REPLACE FUNCTION waybill.datasets_before(p_job waybill.ingestion_jobs) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT d.name FROM waybill.datasets AS d
    WHERE d.name <> p_job.dataset AND waybill.refers_to(p_job.contract, d.name)
    UNION ALL
    SELECT p_job.dataset WHERE waybill.merges_in_order(p_job)
);

-- Jobs that must end first: earlier-landed files of the datasets that this one refers to, and
-- those of its own dataset where their order matters. An archive keeps later files back until its
-- members are jobs, which do so themselves; it waits for the ends of its members only. A load that
-- is to be taken back keeps back what lands after the request, which would make it impossible.
CREATE OR REPLACE FUNCTION waybill.earlier_open(p_job waybill.ingestion_jobs) RETURNS uuid[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT e.job_id
    FROM waybill.ingestion_jobs AS e
    WHERE waybill.is_open(e.state)
        AND NOT waybill.is_dry(e)
        AND e.job_id <> p_job.job_id
        AND e.job_id IS DISTINCT FROM p_job.archive_job_id
        AND (e.archive_format IS NULL OR e.state <> 'MERGING')
        AND p_job.archive_format IS NULL
        AND e.dataset = ANY ((SELECT waybill.datasets_before(p_job))::text[])
        AND (e.landed_at, e.object_key, e.sequencer, e.version_id)
            < (p_job.landed_at, p_job.object_key, p_job.sequencer, p_job.version_id)
    UNION ALL
    SELECT e.job_id
    FROM waybill.ingestion_jobs AS e
    JOIN waybill.revert_requests AS r USING (job_id)
    WHERE e.reverting
        AND p_job.archive_format IS NULL
        AND NOT waybill.is_dry(p_job)
        -- S3 gives whole seconds.
        AND p_job.landed_at >= date_trunc('second', r.requested_at)
        AND (e.dataset = p_job.dataset OR waybill.refers_to(p_job.contract, e.dataset))
    UNION ALL
    SELECT m.job_id
    FROM waybill.ingestion_jobs AS m
    WHERE m.archive_job_id = p_job.job_id AND NOT waybill.is_final(m.state)
);

-- A member of an archive that has not ended; its members are those that landed right after it.
CREATE OR REPLACE FUNCTION waybill.first_open_member(p_archive waybill.ingestion_jobs)
RETURNS uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT m.job_id
    FROM waybill.ingestion_jobs AS m
    WHERE m.dataset = p_archive.dataset AND waybill.is_open(m.state)
        AND m.landing_order > p_archive.landing_order
        AND m.archive_job_id = p_archive.job_id
    ORDER BY m.landing_order
    LIMIT 1
);

-- The next job of a dataset that waits for no other job.
CREATE OR REPLACE FUNCTION waybill.next_to_merge(p_dataset text, p_except uuid)
RETURNS uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT w.job_id
    FROM waybill.ingestion_jobs AS w
    WHERE w.dataset = p_dataset
        AND w.state = 'MERGING'
        AND w.job_id IS DISTINCT FROM p_except
        -- One open member is enough, and the first that landed after the archive is the first to be
        -- looked at: for each of ten thousand ends a list of all would be a hundred million.
        AND CASE WHEN w.archive_format IS NULL THEN waybill.earlier_open(w) = '{}'
            ELSE waybill.first_open_member(w) IS NULL END
    ORDER BY w.landing_order
    LIMIT 1
);
