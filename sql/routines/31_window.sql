-- Whether a chunk is laid down, and staged: what decides which one is sent next.
CREATE OR REPLACE FUNCTION waybill.chunk_state(p_job uuid, p_chunk integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT coalesce((SELECT CASE WHEN c.done THEN 'done' ELSE 'todo' END
        FROM waybill.chunks AS c WHERE c.job_id = p_job AND c.chunk = p_chunk), 'absent');
END;

GRANT EXECUTE ON FUNCTION waybill.chunk_state(uuid, integer) TO waybill_loader;
