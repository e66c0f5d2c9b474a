-- Refreshing: what is stale, one part at a time, and who may say that all is told.

-- What is stale and watched by a family, longest waiting first. Marks of datasets that no
-- family watches have served their purpose, and would pile up.
CREATE OR REPLACE FUNCTION waybill.stale_views(OUT dataset text, OUT part text)
RETURNS SETOF record
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM waybill.stale_parts AS s
    WHERE NOT EXISTS (SELECT FROM waybill.view_families AS f WHERE f.dataset = s.dataset);
    SELECT s.dataset, s.part FROM waybill.stale_parts AS s
    WHERE EXISTS (SELECT FROM waybill.view_families AS f WHERE f.dataset = s.dataset)
    GROUP BY s.dataset, s.part ORDER BY min(s.change_id);
END;

-- Brings one view up to date; gives whether it had to be made.
CREATE OR REPLACE FUNCTION waybill.refresh_view(family waybill.view_families, part text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := format('public.%I', waybill.view_name(family.family, part));
    is_new boolean := to_regclass(name) IS NULL;
BEGIN
    IF is_new THEN
        PERFORM waybill.create_family_view(family, part);
    ELSE
        EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s', name);
    END IF;
    -- The transaction began before any snapshot was taken, so whatever was committed by then
    -- is in the view, at every isolation level. A later moment would promise too much.
    INSERT INTO waybill.family_views (family, part, as_of, refreshed_at)
    VALUES (family.family, part, now(), clock_timestamp())
    ON CONFLICT ON CONSTRAINT family_views_pkey
    DO UPDATE SET as_of = excluded.as_of, refreshed_at = excluded.refreshed_at;
    RETURN is_new;
END
$$;

-- Refreshes every view of one part of a dataset: `refreshed`, `fresh` when nothing was stale,
-- or `busy`. One part per call, since the locks of a REFRESH last until the transaction ends.
CREATE OR REPLACE FUNCTION waybill.refresh_part(dataset text, part text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
AS $$
DECLARE
    seen bigint[];
    family waybill.view_families;
    made waybill.view_families[] := '{}';
BEGIN
    IF NOT waybill.try_lock_refresh(dataset) THEN
        RETURN 'busy';
    END IF;
    -- Only these marks are cleared: a change whose mark this snapshot does not see may be
    -- missing from the views, whose snapshots are the same or later, never earlier.
    SELECT array_agg(s.change_id) INTO seen FROM waybill.stale_parts AS s
    WHERE s.dataset = refresh_part.dataset AND s.part = refresh_part.part;
    IF seen IS NULL THEN
        RETURN 'fresh';
    END IF;
    FOR family IN
        SELECT * FROM waybill.view_families AS f
        WHERE f.dataset = refresh_part.dataset ORDER BY f.family
    LOOP
        IF waybill.refresh_view(family, part) THEN
            made := made || family;
        END IF;
    END LOOP;
    DELETE FROM waybill.stale_parts AS s WHERE s.change_id = ANY (seen);
    -- Last, since readers of the united view wait from here to the commit.
    FOREACH family IN ARRAY made LOOP
        PERFORM waybill.rebuild_union_view(family);
    END LOOP;
    RETURN 'refreshed';
END
$$;

-- The moment by which everything committed is in a family's figures for a part. Evaluated in
-- the snapshot of the query that asks, so it fits the figures beside it. A change that is in
-- no view yet was committed after its mark was written; if there is none, nothing is missing.
-- Null before the first refresh of a family that came after its data.
CREATE OR REPLACE FUNCTION waybill.as_of(family text, part text) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT nullif(greatest(
        (SELECT v.as_of FROM waybill.family_views AS v
            WHERE v.family = as_of.family AND v.part = as_of.part),
        coalesce(
            (SELECT min(s.marked_at)
                FROM waybill.view_families AS f
                JOIN waybill.stale_parts AS s ON s.dataset = f.dataset
                WHERE f.family = as_of.family AND s.part = as_of.part),
            now())), '-infinity')
);

-- Whether pending records are about to be taken in, of this job or because of it: a parent's
-- job wrote rows, and the job that holds the records has not looked again since.
CREATE OR REPLACE FUNCTION waybill.adopts_from(
    child waybill.ingestion_jobs, parent waybill.ingestion_jobs)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN child.contract -> 'references'
        @> jsonb_build_array(jsonb_build_object('dataset', parent.dataset))
    AND parent.finished_at > coalesce(
        (SELECT max(r.started_at) FROM waybill.job_runs AS r
            WHERE r.job_id = child.job_id AND r.step = 'adopt' AND r.outcome = 'ok'),
        child.finished_at);

CREATE OR REPLACE FUNCTION waybill.adoption_due(job uuid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM waybill.ingestion_jobs AS child, waybill.ingestion_jobs AS parent
    WHERE child.job_id = job AND child.pending_reference > 0
        AND parent.inserted + parent.updated > 0 AND parent.finished_at > child.finished_at
        AND waybill.adopts_from(child, parent)
) OR EXISTS (
    SELECT FROM waybill.ingestion_jobs AS child, waybill.ingestion_jobs AS parent
    WHERE parent.job_id = job AND child.pending_reference > 0
        AND parent.inserted + parent.updated > 0 AND parent.finished_at > child.finished_at
        AND waybill.adopts_from(child, parent)
);

-- Whether a job's rows are in the views: `unknown`, `open` while it or what it brought is at
-- work, `stale` until the views are refreshed, `visible` then (and when it ended without rows).
CREATE OR REPLACE FUNCTION waybill.job_visibility(job uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN NOT EXISTS (SELECT FROM waybill.ingestion_jobs AS j WHERE j.job_id = job)
        THEN 'unknown'
    WHEN EXISTS (SELECT FROM waybill.ingestion_jobs AS j WHERE j.job_id = job
        AND NOT waybill.is_final(j.state)) OR waybill.adoption_due(job)
        THEN 'open'
    WHEN EXISTS (SELECT FROM waybill.stale_parts AS s
        JOIN waybill.view_families AS f ON f.dataset = s.dataset WHERE s.job_id = job)
        OR EXISTS (SELECT FROM waybill.stale_parts AS s
        JOIN waybill.ingestion_jobs AS parent ON parent.job_id = job
        JOIN waybill.ingestion_jobs AS child ON child.job_id = s.job_id
        WHERE parent.finished_at > child.finished_at AND child.contract -> 'references'
            @> jsonb_build_array(jsonb_build_object('dataset', parent.dataset)))
        THEN 'stale'
    ELSE 'visible'
END;

-- Which of these jobs are told to everyone: ended, in the views, published, and with nobody
-- at work on them (a job that has ended is taken up again for its pending references). Only
-- then may the mark go that keeps the schedules looking at the database. A step that was
-- killed never ends its run, so runs count for as long as a Lambda can last.
CREATE OR REPLACE FUNCTION waybill.settled_jobs(jobs uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT j.job FROM unnest(jobs) AS j (job)
    WHERE waybill.job_visibility(j.job) IN ('unknown', 'visible')
        AND NOT EXISTS (SELECT FROM waybill.outbox AS o
            WHERE o.published_at IS NULL AND o.payload ->> 'job_id' = j.job::text)
        AND NOT EXISTS (SELECT FROM waybill.job_runs AS r
            WHERE r.job_id = j.job AND r.finished_at IS NULL
                AND r.started_at > now() - interval '15 minutes');
END;

GRANT EXECUTE ON FUNCTION waybill.stale_views(), waybill.refresh_part(text, text),
    waybill.settled_jobs(uuid[]) TO waybill_refresher;
GRANT EXECUTE ON FUNCTION waybill.as_of(text, text), waybill.job_visibility(uuid)
    TO waybill_reader;
