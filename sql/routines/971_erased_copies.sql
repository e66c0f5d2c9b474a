-- Files in the state bucket that may hold an erased person: downloads, exports, what runs left.

-- A minute after the newest erasure: the clock of S3 is another. Null if nobody was erased.
CREATE OR REPLACE FUNCTION waybill.newest_erasure() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (SELECT max(e.erased_at) + interval '1 minute' FROM waybill.newest_erasures() AS e);

-- Of these jobs and exports, those of which files in the state bucket may hold an erased person if
-- they were written before. A run that still reads keeps its own: its file lands later.
CREATE OR REPLACE FUNCTION waybill.erased_copies(p_ids uuid[],
    OUT copy_id uuid, OUT written_before timestamptz)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT j.job_id, e.erased_at + interval '1 minute'
    FROM waybill.ingestion_jobs AS j
    JOIN waybill.newest_erasures() AS e ON e.dataset = j.dataset
    WHERE j.job_id = ANY (p_ids) AND (j.landed_at IS NOT NULL OR waybill.is_final(j.state))
    UNION ALL
    -- All of its files: rows are read as they were when it began.
    SELECT x.export_id, clock_timestamp() + interval '1 day'
    FROM waybill.exports AS x
    WHERE x.export_id = ANY (p_ids) AND waybill.erased_export(x) IS NOT NULL;
END;
