-- Staged records that are gone: a crash of the server empties unlogged tables.

-- Whether the merge of a job finds out itself that records are gone, before it does anything for which
-- that matters. Those of all others are counted first: to a file that replaces the table, and to one
-- that lands late, a record that is gone says something; and a trigger must not see part of a file.
CREATE OR REPLACE FUNCTION waybill.finds_lost_records(p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    RETURN coalesce(NOT p_job.restamping
        AND p_job.contract ->> 'write_disposition' <> 'replace'
        AND NOT waybill.tracks_absence(p_job)
        AND NOT waybill.has_unstamped_later(p_job)
        AND NOT EXISTS (
            SELECT FROM waybill.ingestion_jobs AS j
            WHERE j.dataset = p_job.dataset
                AND j.landing_order > coalesce(p_job.effective_order, p_job.landing_order)
                AND j.replaced IS NOT NULL)
        AND NOT EXISTS (
            SELECT FROM waybill.datasets AS d, pg_partition_tree(d.target) AS t
            WHERE d.name = p_job.dataset AND waybill.has_triggers(t.relid)), false);
END
$$;

-- Counts the staged records of each chunk. Those that say another number are returned, and are to be
-- staged again.
CREATE OR REPLACE FUNCTION waybill.lost_chunks(p_job waybill.ingestion_jobs)
RETURNS integer[]
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_stage CONSTANT text := format('staging.%I', waybill.stage_name(p_job.job_id));
    v_lost integer[];
BEGIN
    EXECUTE format(
        $q$
        SELECT coalesce(array_agg(c.chunk ORDER BY c.chunk), '{}')
        FROM waybill.chunks AS c
        LEFT JOIN (
            SELECT _waybill_chunk, count(*) AS records
            FROM %s
            GROUP BY 1
        ) AS s ON s._waybill_chunk = c.chunk
        WHERE c.job_id = %L
            AND c.staged <> coalesce(s.records, 0)
        $q$, v_stage, p_job.job_id)
    INTO v_lost;
    IF v_lost <> '{}' THEN
        PERFORM waybill.run_sql(format(
            'DELETE FROM %s WHERE _waybill_chunk = ANY (%L::integer[])', v_stage, v_lost));
        DELETE FROM waybill.validation_errors AS v
        WHERE v.job_id = p_job.job_id
            AND v.chunk = ANY (v_lost)
            AND NOT p_job.restamping;
        UPDATE waybill.chunks
        SET done = false, columns = NULL, summary = NULL
        WHERE job_id = p_job.job_id AND chunk = ANY (v_lost);
        UPDATE waybill.ingestion_jobs
        SET state = 'LOADING'
        WHERE job_id = p_job.job_id AND state = 'MERGING';
    END IF;
    RETURN v_lost;
END
$$;

-- A merge has found as many records as its chunks say, or is undone. If it inserts each of them as it
-- is, their totals say how many there are, and as a set it writes no other number; before it writes
-- one by one, it asks again. Sources that are no staging table were counted.
CREATE OR REPLACE FUNCTION waybill.assert_all_found(p_plan waybill.merge_plan) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_staged bigint;
    v_found bigint;
BEGIN
    IF p_plan.source <> format('staging.%I', waybill.stage_name(p_plan.job_id)) THEN
        RETURN;
    END IF;
    v_staged := waybill.count_staged(p_plan);
    IF waybill.inserts_all(p_plan) THEN
        v_found := (SELECT coalesce(sum(t.records), 0) FROM unnest(p_plan.totals) AS t);
    ELSE
        EXECUTE format('SELECT count(*) FROM %s', p_plan.source) INTO v_found;
    END IF;
    IF v_staged <> v_found THEN
        RAISE EXCEPTION 'Job %: % records are staged, % were found.', p_plan.job_id, v_staged, v_found
            USING ERRCODE = 'WB005';
    END IF;
END
$$;
