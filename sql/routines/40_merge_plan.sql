-- What a merge works on, derived once from the job and its contract.

CREATE OR REPLACE FUNCTION waybill.plan_merge(p_job waybill.ingestion_jobs, p_source text)
RETURNS waybill.merge_plan
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_plan waybill.merge_plan;
    v_contract CONSTANT jsonb := p_job.contract;
BEGIN
    v_plan.job_id := p_job.job_id;
    v_plan.effective_order := coalesce(p_job.effective_order, p_job.landing_order);
    v_plan.source := p_source;
    v_plan.contract := v_contract;
    SELECT target, history_unit INTO v_plan.target, v_plan.history_unit
    FROM waybill.datasets
    WHERE name = p_job.dataset;
    v_plan.columns := ARRAY(
        SELECT c.col ->> 'name'
        FROM jsonb_array_elements(v_contract -> 'columns') WITH ORDINALITY AS c (col, n)
        WHERE p_job.layout -> 'columns' ? (c.col ->> 'name')
        ORDER BY c.n
    );
    IF waybill.tracks_absence(p_job) THEN
        v_plan.columns := waybill.present_columns(v_plan.columns, p_source);
        v_plan.has_absent := waybill.has_absent_column(v_plan.columns, p_source);
    END IF;
    v_plan.computed := waybill.computed_columns(p_job);
    IF v_contract -> 'transformation' ? 'enrich' THEN
        v_plan.computed := v_plan.computed || waybill.enriched_columns(v_plan);
    END IF;
    v_plan.natural_key := ARRAY(SELECT jsonb_array_elements_text(v_contract -> 'natural_key'));
    -- Only a file, at its own merge, replaces the table. Batches and replays change rows of it,
    -- and pending records are added to what the merge has written.
    v_plan.disposition := CASE
        WHEN v_contract ->> 'write_disposition' = 'replace'
            AND (p_job.kind IN ('batch', 'replay') OR waybill.is_final(p_job.state))
            THEN 'merge'
        ELSE v_contract ->> 'write_disposition'
    END;
    v_plan.partition_column := v_contract -> 'partitioned_by' ->> 'column';
    v_plan.partition_unit := v_contract -> 'partitioned_by' ->> 'unit';
    v_plan.keeps_raw := (v_contract ->> 'keeps_raw')::boolean;
    v_plan.is_stamped := waybill.has_column(v_plan.target, '_landed');
    v_plan.defaulted := waybill.defaulted_columns(v_plan);
    v_plan.stamp_unchanged := p_job.kind = 'batch' OR waybill.stamp_unchanged(p_job);
    v_plan.replaced_later := ARRAY(
        SELECT DISTINCT unnest(j.replaced)
        FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = p_job.dataset
            AND j.landing_order > v_plan.effective_order
            AND j.replaced IS NOT NULL
    );
    RETURN v_plan;
END
$$;

-- Whether its staging table says which columns each record lacks, in `_waybill_absent` (a list of
-- names, or null): so for JSON files, whose records name their fields, unless they are documents.
CREATE OR REPLACE FUNCTION waybill.tracks_absence(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN p_job.contract ->> 'document' IS NULL
    AND coalesce(p_job.layout ->> 'file_format' LIKE 'json%', false);

-- The columns that at least one record has; all of them if none has any.
CREATE OR REPLACE FUNCTION waybill.present_columns(p_columns text[], p_source text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_column text;
    v_is_present boolean;
    v_present text[] := '{}';
BEGIN
    FOREACH v_column IN ARRAY p_columns LOOP
        EXECUTE format(
            $q$
            SELECT EXISTS (
                SELECT FROM %1$s AS s
                WHERE s._waybill_absent IS NULL OR NOT s._waybill_absent ? %2$L
            )
            $q$,
            p_source, v_column)
        INTO v_is_present;
        IF v_is_present THEN
            v_present := v_present || v_column;
        END IF;
    END LOOP;
    RETURN CASE WHEN v_present = '{}' THEN p_columns ELSE v_present END;
END
$$;

CREATE OR REPLACE FUNCTION waybill.has_absent_column(p_columns text[], p_source text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_has_absent boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS s WHERE s._waybill_absent ?| %L::text[])',
        p_source, p_columns)
    INTO v_has_absent;
    RETURN v_has_absent;
END
$$;

-- Columns that Waybill fills: the hash that identifies a record by its content, and where the
-- record came from, which is not part of its content.
CREATE OR REPLACE FUNCTION waybill.computed_columns(p_job waybill.ingestion_jobs)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_content_key CONSTANT text := p_job.contract ->> 'content_key';
    v_provenance CONSTANT text := p_job.contract ->> 'provenance';
    v_computed jsonb := '{}';
BEGIN
    IF v_content_key IS NOT NULL THEN
        v_computed := v_computed
            || jsonb_build_object(v_content_key, waybill.content_hash_of(p_job));
    END IF;
    IF v_provenance IS NOT NULL THEN
        v_computed := v_computed || jsonb_build_object(v_provenance, format(
            $q$jsonb_build_object('job_id', %L, 'filename', %L, 'line', _waybill_line)$q$,
            p_job.job_id, p_job.filename));
    END IF;
    RETURN v_computed;
END
$$;

-- The value of each enriched column, as an expression of a staged record: that of the row which
-- the look-up finds when the record is merged, or null.
CREATE OR REPLACE FUNCTION waybill.enriched_columns(p_plan waybill.merge_plan) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    -- The subquery `k` has the record's values: it cannot see columns of `l` of the same names.
    SELECT coalesce(jsonb_object_agg(e.key, format(
        '(SELECT l.%I FROM (SELECT %s) AS k JOIN %s AS l ON %s)',
        e.value ->> 'take', o.sought, d.target, waybill.equal_on(o.names, 'l', 'k'))), '{}')
    FROM jsonb_each((p_plan).contract -> 'transformation' -> 'enrich') AS e
    CROSS JOIN LATERAL (
        SELECT array_agg(p.key) AS names,
            string_agg(format('%s AS %I', waybill.typed_column(p_plan, c.col), p.key), ', ')
                AS sought
        FROM jsonb_each_text(e.value -> 'on') AS p
        JOIN jsonb_array_elements((p_plan).contract -> 'columns') AS c (col)
            ON c.col ->> 'name' = p.value
    ) AS o
    JOIN waybill.datasets AS d ON d.name = e.value ->> 'dataset'
);

-- A dry run is counted and undone: nothing waits for it.
CREATE OR REPLACE FUNCTION waybill.is_dry(p_job waybill.ingestion_jobs) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((p_job.options ->> 'dry_run')::boolean, false);

-- Whether the merge also stamps the rows that it finds unchanged: only while an earlier-landed
-- file is open or has pending records, which would otherwise overwrite them. Without one the write
-- is spared; a file that arrives late has the rows stamped then (`request_restamps`). A batch, a
-- replay and pending records stamp at once, since nothing of them is staged again. So do enriched
-- records, which would not be the same again: what they were looked up in may have changed.
CREATE OR REPLACE FUNCTION waybill.stamp_unchanged(p_job waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
-- Two subqueries, so that each uses its own partial index.
RETURN p_job.kind = 'batch'
    OR p_job.effective_order IS NOT NULL
    OR waybill.is_final(p_job.state)
    OR coalesce(p_job.contract -> 'transformation' ? 'enrich', false)
    OR EXISTS (
        SELECT FROM waybill.ingestion_jobs AS e
        WHERE e.dataset = p_job.dataset
            AND e.landing_order < p_job.landing_order
            -- An archive stands for members that are no jobs yet; not for those before this one.
            AND (e.archive_format IS NULL
                OR e.state = 'LOADING' AND e.job_id IS DISTINCT FROM p_job.archive_job_id)
            AND waybill.is_open(e.state)
            AND NOT waybill.is_dry(e)
    )
    OR EXISTS (
        SELECT FROM waybill.ingestion_jobs AS e
        WHERE e.dataset = p_job.dataset
            -- A replay counts at the place of its file.
            AND coalesce(e.effective_order, e.landing_order) < p_job.landing_order
            AND e.pending_reference > 0
            AND NOT waybill.is_dry(e)
    );

-- Whether the records are only to be shown, for a job that there is not.
CREATE OR REPLACE FUNCTION waybill.is_preview(p_plan waybill.merge_plan) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN (p_plan).job_id = '00000000-0000-0000-0000-000000000000';
