-- Who is notified of what: declared with a dataset or a source, and written where a job ends.

-- What is wrong with `{"receiver": ["failed", …]}`; null if nothing is.
CREATE OR REPLACE FUNCTION waybill.notify_problem(p_notify jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN jsonb_typeof(p_notify) <> 'object' THEN 'an object of receivers is needed'
    ELSE (
        SELECT min(CASE
            WHEN jsonb_typeof(n.value) <> 'array' OR n.value = '[]'
                THEN format('%s: a list of events is needed', n.key)
            WHEN NOT n.value <@ '["finished", "rejects", "failed", "reverted", "late"]'
                THEN format('%s: the events are finished, rejects, failed, reverted and late', n.key)
        END)
        FROM jsonb_each(p_notify) AS n
    )
END;

CREATE OR REPLACE FUNCTION waybill.assert_notify(p_notify jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    IF waybill.notify_problem(p_notify) IS NOT NULL THEN
        RAISE EXCEPTION 'notify: %.', waybill.notify_problem(p_notify) USING ERRCODE = 'WB005';
    END IF;
END
$$;

-- The receivers that datasets and sources name and that are not declared, with who names them.
CREATE OR REPLACE FUNCTION waybill.missing_receivers(OUT receiver text, OUT named_by text)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT k.name, d.named_by
    FROM (
        SELECT 'dataset ' || name AS named_by, notify FROM waybill.datasets
        UNION ALL
        SELECT 'source ' || name, coalesce(notify, '{}') FROM waybill.data_sources
    ) AS d
    CROSS JOIN LATERAL jsonb_object_keys(d.notify) AS k (name)
    WHERE NOT EXISTS (SELECT FROM waybill.receivers AS r WHERE r.name = k.name)
    ORDER BY 1, 2;
END;

-- The event of a job's end; null for one that nobody is told of.
CREATE OR REPLACE FUNCTION waybill.event_of_job(p_job waybill.ingestion_jobs) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN p_job.state = 'FAILED' THEN 'failed'
    WHEN p_job.state NOT IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE') THEN NULL
    WHEN p_job.rejected > 0 THEN 'rejects'
    ELSE 'finished'
END;

-- Write an event for each receiver that the dataset or the source names for it.
CREATE OR REPLACE FUNCTION waybill.notify(p_event text, p_dataset text, p_source uuid, p_job uuid,
    p_detail jsonb)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH rules AS (
        SELECT d.notify, NULL::text AS source FROM waybill.datasets AS d WHERE d.name = p_dataset
        UNION ALL
        SELECT s.notify, s.name FROM waybill.data_sources AS s WHERE s.source_id = p_source
    )
    INSERT INTO waybill.notifications (receiver, event, dataset, source, job_id, detail)
    SELECT r.name, p_event, p_dataset, (SELECT max(source) FROM rules), p_job, p_detail
    FROM waybill.receivers AS r
    WHERE EXISTS (SELECT FROM rules AS n WHERE n.notify -> r.name ? p_event);
END;

-- Called where the end of a job is written. A dry run is nobody's business, and pending records
-- that are loaded later do not end their job a second time. The error has its type and title
-- only: its detail may quote the file.
CREATE OR REPLACE FUNCTION waybill.notify_job_end(p_job uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT waybill.notify(waybill.event_of_job(j), j.dataset, s.source_id, j.job_id,
        jsonb_strip_nulls(jsonb_build_object(
            'state', j.state,
            'finished_at', waybill.rfc3339(j.finished_at),
            'problem', CASE WHEN j.error IS NOT NULL THEN jsonb_build_object(
                'type', j.error -> 'type', 'title', j.error -> 'title') END))
        || jsonb_build_object('records', jsonb_strip_nulls(jsonb_build_object(
            'read', j.read, 'inserted', j.inserted, 'updated', j.updated,
            'unchanged', j.unchanged, 'superseded', j.superseded, 'filtered', j.filtered,
            'erased', j.erased, 'rejected', j.rejected,
            'pending_reference', j.pending_reference))))
    FROM waybill.ingestion_jobs AS j
    -- No source sends a batch; a subquery of its own, which is then not run.
    LEFT JOIN LATERAL (
        SELECT r.source_id FROM waybill.run_of(j) AS r WHERE j.kind <> 'batch' OFFSET 0
    ) AS s ON true
    WHERE j.job_id = p_job
        AND waybill.event_of_job(j) IS NOT NULL
        AND j.finished_at >= now()
        AND NOT waybill.is_dry(j);
END;

-- Report each source that has become late, once until it has succeeded again. Returns how many.
CREATE OR REPLACE FUNCTION waybill.report_late_sources() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_late record;
    v_reported integer := 0;
BEGIN
    FOR v_late IN
        SELECT s.source_id, d.document, d.document -> 'freshness' AS freshness
        FROM waybill.data_sources AS s
        JOIN waybill.source_documents AS d USING (source_id)
        WHERE (d.document -> 'freshness' ->> 'is_late')::boolean
            AND s.late_since IS DISTINCT FROM coalesce(
                (d.document -> 'freshness' ->> 'last_success_at')::timestamptz, s.created_at)
        ORDER BY s.name
        -- Two runs at the same time would report it twice.
        FOR NO KEY UPDATE OF s SKIP LOCKED
    LOOP
        UPDATE waybill.data_sources SET late_since = coalesce(
            (v_late.freshness ->> 'last_success_at')::timestamptz, created_at)
        WHERE source_id = v_late.source_id;
        INSERT INTO waybill.outbox (kind, payload) VALUES ('source.late', jsonb_build_object(
            'source_id', v_late.source_id,
            'source', v_late.document -> 'name',
            'dataset', v_late.document -> 'dataset',
            'lag_seconds', v_late.freshness -> 'lag_seconds',
            'late_after_seconds', v_late.document -> 'late_after_seconds',
            'last_success_at', v_late.freshness -> 'last_success_at'));
        PERFORM waybill.notify('late', v_late.document ->> 'dataset', v_late.source_id, NULL,
            v_late.freshness - 'is_late');
        v_reported := v_reported + 1;
    END LOOP;
    RETURN v_reported;
END
$$;

-- As `assert_notify`, for a source: its receivers are declared before it.
CREATE OR REPLACE FUNCTION waybill.assert_source_notify(p_notify jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_missing text;
BEGIN
    PERFORM waybill.assert_notify(p_notify);
    SELECT min(k.name) INTO v_missing FROM jsonb_object_keys(p_notify) AS k (name)
    WHERE NOT EXISTS (SELECT FROM waybill.receivers AS r WHERE r.name = k.name);
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION 'There is no receiver %.', quote_literal(v_missing) USING ERRCODE = 'WB019';
    END IF;
END
$$;
