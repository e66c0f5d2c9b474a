-- Landed objects that may hold an erased person are marked to expire. Which of them hold the person
-- is not known: a row says which file wrote it last, and no more. So it is every object of the
-- dataset that landed before the erasure.

-- The newest erasure of each dataset.
CREATE OR REPLACE FUNCTION waybill.newest_erasures(OUT dataset text, OUT erased_at timestamptz)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.dataset, n.erased_at
    FROM waybill.erasure_salts AS s
    CROSS JOIN LATERAL (
        SELECT max(e.erased_at) AS erased_at FROM waybill.erasures AS e WHERE e.dataset = s.dataset
    ) AS n
    WHERE n.erased_at IS NOT NULL;
END;

-- Up to `p_limit` objects that are still to be marked. Those of open jobs come later: they are read.
CREATE OR REPLACE FUNCTION waybill.objects_to_expire(p_limit integer DEFAULT 1000,
    OUT object_id uuid, OUT bucket text, OUT key text, OUT version_id text)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT x.object_id, x.bucket, x.object_key, nullif(x.version_id, '')
    FROM waybill.newest_erasures() AS e
    CROSS JOIN LATERAL (
        SELECT j.job_id AS object_id, j.bucket, j.object_key, j.version_id
        FROM waybill.ingestion_jobs AS j
        WHERE j.dataset = e.dataset AND j.landed_at <= e.erased_at
            -- A batch has a key, and no object.
            AND j.kind <> 'batch' AND j.object_key IS NOT NULL AND j.object_erased_at IS NULL
            AND waybill.is_final(j.state) AND NOT j.restamping
        UNION ALL
        SELECT i.object_id, i.bucket, i.object_key, i.version_id
        FROM waybill.ignored_objects AS i
        WHERE i.dataset = e.dataset AND i.landed_at <= e.erased_at
    ) AS x
    LIMIT p_limit;
END;

-- Whether any is left, of open jobs too.
CREATE OR REPLACE FUNCTION waybill.objects_left_to_expire() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM waybill.newest_erasures() AS e
        WHERE EXISTS (
                SELECT FROM waybill.ingestion_jobs AS j
                WHERE j.dataset = e.dataset AND j.landed_at <= e.erased_at
                    AND j.kind <> 'batch' AND j.object_key IS NOT NULL
                    AND j.object_erased_at IS NULL)
            OR EXISTS (
                SELECT FROM waybill.ignored_objects AS i
                WHERE i.dataset = e.dataset AND i.landed_at <= e.erased_at));
END;

-- These objects are marked, or were missing.
CREATE OR REPLACE FUNCTION waybill.record_expiring(p_objects uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE waybill.ingestion_jobs SET object_erased_at = clock_timestamp()
    WHERE job_id = ANY (p_objects);
    DELETE FROM waybill.ignored_objects WHERE object_id = ANY (p_objects);
END;
