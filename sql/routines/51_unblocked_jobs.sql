-- Which jobs may go on when a job has ended.

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
