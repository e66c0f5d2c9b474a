-- Refreshing what is stale, one part at a time, and which jobs are visible in the views.

-- What is stale, read by a family and not put off, longest waiting first. Marks of datasets that no
-- family reads would only pile up.
CREATE OR REPLACE FUNCTION waybill.stale_views(OUT dataset text, OUT part text)
RETURNS SETOF record
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM waybill.stale_parts AS s
    WHERE NOT EXISTS (SELECT FROM waybill.view_families AS f WHERE f.dataset = s.dataset);
    SELECT s.dataset, s.part
    FROM waybill.stale_parts AS s
    WHERE EXISTS (SELECT FROM waybill.view_families AS f WHERE f.dataset = s.dataset)
        AND s.dataset NOT IN (SELECT p.dataset FROM waybill.postponed_refreshes() AS p)
    GROUP BY s.dataset, s.part
    ORDER BY min(s.change_id);
END;

-- Mark the other datasets whose rows may have followed those of this one, by the actions of foreign
-- keys. Which of their rows did is not known.
CREATE OR REPLACE FUNCTION waybill.mark_followers_stale(p_dataset text, p_job uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO waybill.stale_parts (dataset, part, job_id)
    SELECT c.name, p.part, p_job
    FROM waybill.datasets_changed_with(p_dataset) AS c (name)
    CROSS JOIN LATERAL waybill.parts_of(c.name) AS p (part)
    WHERE c.name <> p_dataset
        AND EXISTS (SELECT FROM waybill.view_families AS f WHERE f.dataset = c.name);
END
$$;

-- Refresh one view; returns whether it had to be created.
CREATE OR REPLACE FUNCTION waybill.refresh_view(p_family waybill.view_families,
    p_part text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := format('public.%I', waybill.view_name(p_family.family, p_part));
    v_is_new CONSTANT boolean := to_regclass(v_name) IS NULL;
BEGIN
    IF v_is_new THEN
        PERFORM waybill.create_family_view(p_family, p_part);
    ELSE
        PERFORM waybill.run_sql(format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s', v_name));
    END IF;
    -- now(): the transaction began before any snapshot was taken, so whatever was committed by
    -- then is in the view, at every isolation level.
    INSERT INTO waybill.family_views (family, part, as_of, refreshed_at)
    VALUES (p_family.family, p_part, now(), clock_timestamp())
    ON CONFLICT (family, part) DO UPDATE
    SET as_of = excluded.as_of,
        refreshed_at = excluded.refreshed_at;
    RETURN v_is_new;
END
$$;

-- Refreshes every view of one part of a dataset: `refreshed`, `fresh` when nothing was stale,
-- or `busy`. One part per call, since the locks of a REFRESH last until the transaction ends.
CREATE OR REPLACE FUNCTION waybill.refresh_part(p_dataset text, p_part text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    v_seen bigint[];
    v_family waybill.view_families;
    v_made waybill.view_families[] := '{}';
BEGIN
    IF NOT waybill.try_lock_refresh(p_dataset) THEN
        RETURN 'busy';
    END IF;
    -- Only these marks are deleted: a change whose mark this snapshot does not see may be
    -- missing from the views, whose snapshots are the same or later, never earlier.
    SELECT array_agg(s.change_id) INTO v_seen
    FROM waybill.stale_parts AS s
    WHERE s.dataset = p_dataset AND s.part = p_part;
    IF v_seen IS NULL THEN
        RETURN 'fresh';
    END IF;
    FOR v_family IN
        SELECT * FROM waybill.view_families AS f
        WHERE f.dataset = p_dataset
        ORDER BY f.family
    LOOP
        IF waybill.refresh_view(v_family, p_part) THEN
            v_made := v_made || v_family;
        END IF;
    END LOOP;
    DELETE FROM waybill.stale_parts AS s WHERE s.change_id = ANY (v_seen);
    -- Last, since readers of the united view wait from here to the commit.
    FOREACH v_family IN ARRAY v_made LOOP
        PERFORM waybill.rebuild_union_view(v_family);
    END LOOP;
    RETURN 'refreshed';
END
$$;

-- The time by which everything committed is in a family's figures for a part. Evaluated in
-- the snapshot of the query that reads them, so it fits the figures beside it. A change that is
-- in no view yet was committed after its mark was written; without marks nothing is missing.
-- Null before the first refresh of a family that was declared after its data were loaded.
CREATE OR REPLACE FUNCTION waybill.as_of(p_family text, p_part text) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT nullif(greatest(
        (
            SELECT v.as_of
            FROM waybill.family_views AS v
            WHERE v.family = p_family AND v.part = p_part
        ),
        coalesce(
            (
                SELECT min(s.marked_at)
                FROM waybill.view_families AS f
                JOIN waybill.stale_parts AS s ON s.dataset = f.dataset
                WHERE f.family = p_family AND s.part = p_part
            ),
            now())
    ), '-infinity')
);

-- A job, those whose pending records it loaded parents for, and those unblocked by them in turn.
CREATE OR REPLACE FUNCTION waybill.brought_jobs(p_job uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE brought (job_id) AS (
        SELECT p_job
        UNION
        SELECT child.job_id
        FROM brought AS b
        JOIN waybill.ingestion_jobs AS parent USING (job_id)
        JOIN waybill.ingestion_jobs AS child ON child.resolved_at > parent.finished_at
            AND waybill.refers_to(child.contract, parent.dataset)
        WHERE parent.written_by IS NOT NULL
    )
    SELECT job_id FROM brought;
END;

-- Whether a job with pending records was named by this one, which wrote a parent of theirs, and has
-- not looked since. A job that was not named stays as it is: its parents did not come.
CREATE OR REPLACE FUNCTION waybill.is_due(p_child waybill.ingestion_jobs,
    p_parent waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN waybill.parents_came_from(p_child, p_parent)
        THEN waybill.waits_otherwise(p_child, p_parent.dataset)
            OR p_child.job_id IN (SELECT c.job_id FROM waybill.children_of(p_parent) AS c (job_id))
    ELSE false
END;

-- Whether pending records are about to be resolved: those of this job, or those that it, or
-- records that it unblocked, loaded parents for.
CREATE OR REPLACE FUNCTION waybill.resolution_due(p_job uuid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.ingestion_jobs AS child, waybill.ingestion_jobs AS parent
    WHERE child.job_id = p_job AND waybill.is_due(child, parent)
) OR EXISTS (
    SELECT FROM waybill.brought_jobs(p_job) AS b (job_id)
    JOIN waybill.ingestion_jobs AS parent USING (job_id)
    JOIN waybill.ingestion_jobs AS child ON child.pending_reference > 0
    WHERE waybill.is_due(child, parent)
);

-- Whether a job's rows are in the views: `unknown`, `open` while it is being loaded or reverted or
-- pending records that it unblocked are, `stale` until the views are refreshed, `visible` then (and when
-- it ended without rows).
CREATE OR REPLACE FUNCTION waybill.job_visibility(p_job uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN NOT EXISTS (SELECT FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job)
        THEN 'unknown'
    WHEN EXISTS (
        SELECT FROM waybill.ingestion_jobs AS j
        WHERE j.job_id = p_job AND (j.reverting OR NOT waybill.is_final(j.state))
    ) OR waybill.resolution_due(p_job)
        THEN 'open'
    WHEN EXISTS (
        SELECT FROM waybill.stale_parts AS s
        JOIN waybill.view_families AS f ON f.dataset = s.dataset
        WHERE s.job_id IN (SELECT * FROM waybill.brought_jobs(p_job))
            -- The rows of a duplicate are those of the file that it repeats.
            OR s.job_id IN (
                SELECT j.duplicate_of FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job)
    )
        THEN 'stale'
    ELSE 'visible'
END;

-- Which of these jobs need no further step: ended, in the views, published, and with no attempt
-- running (pending references of an ended job may be being resolved). Only then may the wake-up
-- marker be deleted that lets the schedules query the database. A step that was killed never ends
-- its run, so runs count for as long as a Lambda can last. A job that is unknown may be that of a
-- batch which is not committed yet: its id has the time at which it was made.
CREATE OR REPLACE FUNCTION waybill.settled_jobs(p_jobs uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT j.job_id
    FROM unnest(p_jobs) AS j (job_id)
    WHERE CASE waybill.job_visibility(j.job_id)
            WHEN 'visible' THEN true
            WHEN 'unknown' THEN coalesce(
                uuid_extract_timestamp(j.job_id) < now() - interval '1 minute', true)
            ELSE false
        END
        AND NOT EXISTS (
            SELECT FROM waybill.outbox AS o
            WHERE o.published_at IS NULL
                AND (o.payload ->> 'job_id' = j.job_id::text OR o.kind = 'digest.made')
        )
        AND NOT EXISTS (SELECT FROM waybill.notifications AS n WHERE n.job_id = j.job_id)
        AND NOT EXISTS (
            SELECT FROM waybill.job_runs AS r
            WHERE r.job_id = j.job_id
                AND r.finished_at IS NULL
                AND r.started_at > now() - interval '15 minutes'
        );
END;
