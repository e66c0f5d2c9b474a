-- Pending records that wait for each other across files, or across datasets that refer to each
-- other: none can be the first, so they are written together.

-- The datasets that a dataset refers to and that refer to it, directly or through others. It is
-- one of them itself; without a cycle there are none.
CREATE OR REPLACE FUNCTION waybill.datasets_in_cycle(p_dataset text) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    WITH RECURSIVE reference AS (
        SELECT child.name AS child, parent.name AS parent
        FROM pg_constraint AS c
        JOIN waybill.datasets AS child ON child.target = c.conrelid
        JOIN waybill.datasets AS parent ON parent.target = c.confrelid
        WHERE c.contype = 'f'
    ), ancestor (name) AS (
        SELECT parent FROM reference WHERE child = p_dataset
        UNION
        SELECT r.parent FROM ancestor AS a JOIN reference AS r ON r.child = a.name
    ), descendant (name) AS (
        SELECT child FROM reference WHERE parent = p_dataset
        UNION
        SELECT r.child FROM descendant AS d JOIN reference AS r ON r.parent = d.name
    )
    SELECT coalesce(array_agg(name ORDER BY name), '{}')
    FROM ancestor
    JOIN descendant USING (name)
);

-- Write the pending records of a cycle of datasets that have all of their parents in the tables
-- or among each other. Returns whether any was resolved.
CREATE OR REPLACE FUNCTION waybill.resolve_cycle(p_dataset text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_datasets CONSTANT text[] := waybill.datasets_in_cycle(p_dataset);
    v_resolved bigint;
    v_context text;
BEGIN
    -- Looked for without locks first, since there are rarely any.
    IF v_datasets = '{}' OR NOT waybill.find_cycle_records(v_datasets) THEN
        RETURN false;
    END IF;
    -- As each job's own merge: one at a time, the others come back.
    PERFORM waybill.lock_merge(name) FROM unnest(v_datasets) AS name;
    PERFORM FROM waybill.ingestion_jobs AS j
    WHERE j.job_id IN (SELECT c.job_id FROM pg_temp.cycle_records AS c) FOR UPDATE NOWAIT;
    IF NOT waybill.find_cycle_records(v_datasets) THEN
        RETURN false;
    END IF;
    v_resolved := waybill.write_cycle();
    RETURN v_resolved > 0;
EXCEPTION
    -- A table refuses one of the records: all of them stay pending.
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
        IF waybill.is_no_refusal(SQLSTATE, SQLERRM, v_context) THEN
            RAISE;
        END IF;
        RAISE LOG 'records that wait for each other stay pending: SQLSTATE %', SQLSTATE;
        RETURN false;
END
$$;

-- Write the cycle's records, job by job. Returns how many records are no longer pending.
CREATE OR REPLACE FUNCTION waybill.write_cycle() RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_job waybill.ingestion_jobs;
    v_counts waybill.merge_counts;
    v_resolved bigint := 0;
BEGIN
    FOR v_job IN
        SELECT * FROM waybill.ingestion_jobs AS j
        WHERE j.job_id IN (SELECT c.job_id FROM pg_temp.cycle_records AS c)
        ORDER BY coalesce(j.effective_order, j.landing_order)
    LOOP
        v_counts := waybill.apply_pending(v_job, p_in_cycle => true);
        IF v_counts.pending_reference < v_job.pending_reference THEN
            v_resolved := v_resolved + v_job.pending_reference - v_counts.pending_reference;
            PERFORM waybill.add_to_waybill(v_job, v_counts);
        END IF;
    END LOOP;
    PERFORM waybill.assert_cycle_complete(c.target, r.reference)
    FROM (SELECT DISTINCT target, "references" FROM pg_temp.cycle_records) AS c,
        jsonb_array_elements(c."references") AS r (reference);
    RETURN v_resolved;
END
$$;

-- The foreign keys hold again: every row of the table has its parent.
CREATE OR REPLACE FUNCTION waybill.assert_cycle_complete(p_target regclass, p_reference jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_is_broken boolean;
BEGIN
    EXECUTE format(
        $q$
        SELECT EXISTS (
            SELECT FROM %1$s AS s
            WHERE %2$s
                AND NOT EXISTS (SELECT FROM %3$s AS p WHERE %4$s)
        )
        $q$,
        p_target,
        waybill.all_filled(p_reference, 's'),
        (p_reference ->> 'table')::regclass,
        waybill.parent_match(p_reference, 'p', 's'))
    INTO v_is_broken;
    IF v_is_broken THEN
        RAISE EXCEPTION 'A record of % has no parent in %.', p_target, p_reference ->> 'table'
            USING ERRCODE = '23503';
    END IF;
END
$$;
