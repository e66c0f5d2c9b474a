-- Pending records of a job that has ended are applied when their parents are there.

-- Stage a job's pending records and apply them at the job's own place in the landing order.
CREATE OR REPLACE FUNCTION waybill.resolve_pending(p_job uuid) RETURNS waybill.merge_result
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET work_mem = '128MB'
SET jit = off
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_counts waybill.merge_counts;
    v_is_current boolean;
    v_is_merged boolean;
BEGIN
    -- As in merge_job: one at a time, the others are retried.
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE NOWAIT;
    IF NOT FOUND OR v_job.pending_reference = 0 OR waybill.is_dry(v_job) THEN
        RETURN waybill.empty_result(v_job, 'ended');
    END IF;
    PERFORM waybill.lock_merge(v_job.dataset);
    -- As in apply_records; here already, since otherwise somebody else could change rows between
    -- the next look and the write, and would not be noticed.
    PERFORM waybill.lock_for_merge(d.target, d.name, v_job.contract ->> 'write_disposition')
    FROM waybill.datasets AS d
    WHERE d.name = v_job.dataset;
    v_is_current := waybill.is_current_content(v_job);
    v_counts := waybill.apply_pending(v_job);
    v_is_merged := v_counts.pending_reference < v_job.pending_reference;
    IF v_is_merged THEN
        PERFORM waybill.add_to_waybill(v_job, v_counts);
    END IF;
    IF v_is_current THEN
        -- Only its own records have changed the table since its merge.
        PERFORM waybill.keep_current_content(j)
        FROM waybill.ingestion_jobs AS j
        WHERE j.job_id = p_job;
    END IF;
    IF NOT v_is_merged AND NOT waybill.resolve_cycle(v_job.dataset) THEN
        -- All are pending still, so no job is named: two jobs that wait for a parent that never
        -- arrives would otherwise retry each other forever.
        RETURN waybill.empty_result(v_job, 'ended');
    END IF;
    RETURN waybill.result_of(p_job, 'merged');
END
$$;

-- Reject all pending records of a job for a reason that would refuse them every time.
CREATE OR REPLACE FUNCTION waybill.reject_pending(p_job uuid, p_message text)
RETURNS waybill.merge_result
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_is_personal boolean;
    v_counts waybill.merge_counts := waybill.no_counts();
BEGIN
    SELECT * INTO v_job FROM waybill.ingestion_jobs WHERE job_id = p_job FOR UPDATE NOWAIT;
    IF NOT FOUND OR v_job.pending_reference = 0 THEN
        RETURN waybill.empty_result(v_job, 'ended');
    END IF;
    v_is_personal := waybill.has_personal(v_job.contract);
    WITH pending AS (
        DELETE FROM waybill.pending_references WHERE job_id = p_job RETURNING *
    )
    INSERT INTO waybill.validation_errors (job_id, line, raw, data_key, "values", errors)
    SELECT p_job,
        line,
        waybill.stored_text(coalesce(raw, record::text), v_is_personal),
        waybill.data_key_of(raw, v_is_personal),
        record,
        jsonb_build_array(jsonb_build_object(
            'column', NULL, 'code', 'refused_by_table', 'message', p_message))
    FROM pending;
    GET DIAGNOSTICS v_counts.rejected = ROW_COUNT;
    PERFORM waybill.add_to_waybill(v_job, v_counts);
    RETURN waybill.result_of(p_job, 'merged');
END
$$;

-- Add the counts of resolved records to the waybill of their job, and publish the change.
CREATE OR REPLACE FUNCTION waybill.add_to_waybill(p_job waybill.ingestion_jobs,
    p_counts waybill.merge_counts)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    UPDATE waybill.ingestion_jobs AS j
    SET inserted = j.inserted + p_counts.inserted,
        updated = j.updated + p_counts.updated,
        unchanged = j.unchanged + p_counts.unchanged,
        superseded = j.superseded + p_counts.superseded,
        filtered = j.filtered + coalesce(p_counts.filtered, 0),
        erased = j.erased + coalesce(p_counts.erased, 0),
        rejected = j.rejected + p_counts.rejected,
        pending_reference = p_counts.pending_reference,
        state = CASE
            WHEN j.rejected + p_counts.rejected > 0 THEN 'COMPLETED_WITH_REJECTS'
            ELSE j.state
        END,
        resolved_at = CASE
            WHEN p_counts.inserted + p_counts.updated > 0 THEN clock_timestamp()
            ELSE j.resolved_at
        END,
        -- Also when a pending record was superseded or rejected: partial ones may wait for it.
        written_by = CASE
            WHEN p_counts.pending_reference < j.pending_reference THEN pg_current_xact_id()
            ELSE j.written_by
        END
    WHERE j.job_id = p_job.job_id
    RETURNING * INTO p_job;
    PERFORM waybill.emit_job_changed(p_job.job_id, p_job.dataset, p_job.state);
END
$$;

-- Apply the pending records, in order, those with the same columns at once. `p_in_cycle`: the
-- records of `cycle_records` count as parents that are there.
CREATE OR REPLACE FUNCTION waybill.apply_pending(p_job waybill.ingestion_jobs,
    p_in_cycle boolean DEFAULT false)
RETURNS waybill.merge_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_columns text[];
    v_first bigint;
    v_last bigint;
    v_plan waybill.merge_plan;
    v_total waybill.merge_counts := waybill.no_counts();
BEGIN
    PERFORM waybill.record_parents_seen(p_job.job_id);
    FOR v_columns, v_first, v_last IN
        SELECT * FROM waybill.pending_groups(p_job.job_id)
    LOOP
        PERFORM waybill.stage_pending(p_job, v_columns, v_first, v_last);
        DELETE FROM waybill.pending_references
        WHERE job_id = p_job.job_id AND line BETWEEN v_first AND v_last;
        -- Of a JSON file, too: these records have all of their columns.
        p_job.layout := jsonb_build_object('columns', v_columns);
        v_plan := waybill.plan_merge(p_job, 'pg_temp.pending_rows');
        v_plan.in_cycle := p_in_cycle;
        v_total := waybill.add_counts(v_total, waybill.apply_records(v_plan, p_job.dataset));
    END LOOP;
    RETURN v_total;
END
$$;

-- Ranges of pending lines that have the same columns; a file has one.
CREATE OR REPLACE FUNCTION waybill.pending_groups(p_job uuid, OUT columns text[],
    OUT first_line bigint, OUT last_line bigint)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    WITH numbered AS (
        SELECT line, ARRAY(SELECT k FROM jsonb_object_keys(record) AS k ORDER BY k) AS fields
        FROM waybill.pending_references WHERE job_id = p_job
    ), compared AS (
        SELECT *, fields IS DISTINCT FROM lag(fields) OVER (ORDER BY line) AS differs
        FROM numbered
    ), grouped AS (
        SELECT *, count(*) FILTER (WHERE differs) OVER (ORDER BY line) AS run FROM compared
    )
    SELECT g.fields, min(g.line), max(g.line)
    FROM grouped AS g GROUP BY g.fields, g.run ORDER BY min(g.line);
END;

CREATE OR REPLACE FUNCTION waybill.stage_pending(p_job waybill.ingestion_jobs,
    p_columns text[], p_first bigint, p_last bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.pending_rows;
    PERFORM waybill.run_sql(format(
        $q$
        CREATE TEMP TABLE pending_rows ON COMMIT DROP AS
        SELECT NULL::integer AS _waybill_chunk,
            line AS _waybill_line,
            raw AS _waybill_raw,
            %s
        FROM waybill.pending_references
        WHERE job_id = %L AND line BETWEEN %s AND %s
        $q$,
        (
            SELECT string_agg(format('(record ->> %1$L)::%2$s AS %1$I',
                c.col ->> 'name', c.col ->> 'stage'), ', ')
            FROM jsonb_array_elements(p_job.contract -> 'columns') AS c (col)
            WHERE c.col ->> 'name' = ANY (p_columns)
        ),
        p_job.job_id, p_first, p_last));
END
$$;

-- Whether a job may have loaded parents that another job's pending records have not seen.
-- Compared by transaction, not by time: a parent may be written before a check that cannot see
-- it, and committed after.
CREATE OR REPLACE FUNCTION waybill.parents_came_from(p_child waybill.ingestion_jobs,
    p_parent waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN p_child.pending_reference > 0
    AND NOT waybill.is_dry(p_child)
    AND p_child.job_id <> p_parent.job_id
    AND (
        waybill.refers_to(p_child.contract, p_parent.dataset)
        -- Its partial records may wait for those of an earlier job.
        OR p_child.dataset = p_parent.dataset
    )
    -- A parent that wrote nothing, as a dry run or an empty file, has no transaction.
    AND coalesce(NOT pg_visible_in_snapshot(p_parent.written_by, p_child.parents_seen), false);
