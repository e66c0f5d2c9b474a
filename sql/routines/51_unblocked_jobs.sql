-- Which jobs wait for which.

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

-- Jobs that hold few pending records, of which one refers to a row that this job wrote: to a row
-- with its stamp, or with that of a job that it wrote in the same transaction, as in a cycle. Or with
-- that of a later job that found its rows unchanged: that one wrote nothing, so it names nobody.
CREATE OR REPLACE FUNCTION waybill.children_of(p_job waybill.ingestion_jobs)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_stamps CONSTANT bigint[] := ARRAY(
        SELECT coalesce(j.effective_order, j.landing_order)
        FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_job.dataset
            AND (
                j.written_by = p_job.written_by
                OR j.written_by IS NULL AND j.unchanged > 0
                    AND j.landing_order > coalesce(p_job.effective_order, p_job.landing_order)
            ));
    v_child text;
    v_table regclass;
    v_reference jsonb;
BEGIN
    FOR v_child, v_table, v_reference IN
        SELECT DISTINCT d.name, d.target, r.reference
        FROM waybill.ingestion_jobs AS w
        JOIN waybill.datasets AS d ON d.name = w.dataset
        CROSS JOIN jsonb_array_elements(w.contract -> 'references') AS r (reference)
        WHERE w.pending_reference > 0
            AND NOT waybill.has_many_pending(w)
            AND r.reference ->> 'dataset' = p_job.dataset
    LOOP
        RETURN QUERY EXECUTE format(
            $q$
            SELECT DISTINCT w.job_id
            FROM waybill.ingestion_jobs AS w
            JOIN waybill.pending_references AS c ON c.job_id = w.job_id
            CROSS JOIN LATERAL (SELECT %1$s) AS s
            WHERE w.dataset = %2$L
                AND w.pending_reference > 0
                AND NOT waybill.has_many_pending(w)
                AND EXISTS (SELECT FROM %3$s AS p WHERE %4$s AND p._landed = ANY ($1))
            $q$,
            waybill.typed_columns(v_table, v_reference -> 'columns'),
            v_child,
            (v_reference ->> 'table')::regclass,
            waybill.parent_match(v_reference, 'p', 's'))
        USING v_stamps;
    END LOOP;
END
$$;

-- Whether a job has so many pending records that it is named without a look at them: that costs one
-- message, and the look would cost more.
CREATE OR REPLACE FUNCTION waybill.has_many_pending(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_job).pending_reference > 100;

-- Whether a job may go on, other than by a parent that was written: it waits for an earlier record
-- of its key; or rows of the table that it refers to have no stamp, or its columns have changed.
CREATE OR REPLACE FUNCTION waybill.waits_otherwise(p_child waybill.ingestion_jobs, p_dataset text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN waybill.has_many_pending(p_child)
    OR EXISTS (
        SELECT FROM waybill.pending_references AS c
        WHERE c.job_id = p_child.job_id AND NOT c.missing ? 'table')
    OR NOT EXISTS (
        SELECT FROM waybill.datasets AS d
        WHERE d.name = p_dataset AND waybill.has_column(d.target, '_landed'))
    OR (SELECT max(v.version) FROM waybill.contract_versions AS v
        WHERE v.dataset = p_child.dataset) <> (p_child.contract ->> 'version')::integer;

-- Of each dataset that may have waited for a job, the next one to merge.
CREATE OR REPLACE FUNCTION waybill.next_jobs(p_job waybill.ingestion_jobs) RETURNS uuid[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT n.job_id
    FROM waybill.datasets AS d
    CROSS JOIN LATERAL (
        -- For most datasets no job waits, which an index tells sooner.
        SELECT m.job_id FROM waybill.next_to_merge(d.name, p_job.job_id) AS m (job_id)
        WHERE EXISTS (
            SELECT FROM waybill.ingestion_jobs AS w
            WHERE w.dataset = d.name AND w.state = 'MERGING' AND w.job_id <> p_job.job_id)
        OFFSET 0
    ) AS n
    WHERE n.job_id IS NOT NULL
        AND (
            d.name = p_job.dataset
            OR waybill.refers_to(p_job.contract, d.name)
            OR EXISTS (
                SELECT FROM waybill.ingestion_jobs AS w
                WHERE w.job_id = n.job_id
                    AND waybill.refers_to(w.contract, p_job.dataset)
            )
        )
);

-- The same after the commit that ended the job. One that was staged while it committed found it
-- open, and was not there when the merge looked: nobody else would give it its turn.
CREATE OR REPLACE FUNCTION waybill.unblocked_since(p_job uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN coalesce(
    (SELECT waybill.next_jobs(j) FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job), '{}');

-- Jobs that may continue now that a job has changed its table: those that wait for it, and those
-- with pending records whose parents it may have loaded. The job itself is one of the latter: a
-- parent that was committed while it merged was not seen by it, and could not see its records.
-- Merges of tables that refer to each other share locks, so a job of a table that this one
-- refers to may have found them taken.
-- Waiting jobs are retried anyway; this only makes it quick. So one job of a dataset is named,
-- which names the next: if each of a thousand small files named all that wait, a million
-- messages would be queued. For the same reason a job with few pending records is named by the job
-- that wrote a parent of one, and by no other.
CREATE OR REPLACE FUNCTION waybill.unblocked_jobs(p_job waybill.ingestion_jobs,
    OUT unblocked uuid[], OUT pending uuid[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        waybill.next_jobs(p_job),
        ARRAY(
            SELECT w.job_id
            FROM waybill.ingestion_jobs AS w
            WHERE w.pending_reference > 0
                AND NOT waybill.is_dry(w)
                AND (w.dataset = p_job.dataset OR waybill.refers_to(w.contract, p_job.dataset))
                AND (
                    w.job_id = p_job.job_id
                    OR waybill.waits_otherwise(w, p_job.dataset)
                    OR w.job_id IN (SELECT c.job_id FROM waybill.children_of(p_job) AS c (job_id))
                )
        );
END;

-- A result that names no other job.
CREATE OR REPLACE FUNCTION waybill.empty_result(p_job waybill.ingestion_jobs,
    p_outcome text)
RETURNS waybill.merge_result
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_result waybill.merge_result;
BEGIN
    v_result.outcome := p_outcome;
    v_result.state := p_job.state;
    v_result.dataset := p_job.dataset;
    v_result.chunks := '{}';
    v_result.waiting_for := '{}';
    v_result.restamping := '{}';
    v_result.unblocked := '{}';
    v_result.pending := '{}';
    RETURN v_result;
END
$$;

-- The result of a step at a job that has ended: its current state, and which jobs may continue.
CREATE OR REPLACE FUNCTION waybill.result_of(p_job uuid, p_outcome text)
RETURNS waybill.merge_result
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_result waybill.merge_result;
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job;
    v_result := waybill.empty_result(v_job, p_outcome);
    SELECT * INTO v_result.unblocked, v_result.pending FROM waybill.unblocked_jobs(v_job);
    RETURN v_result;
END
$$;
