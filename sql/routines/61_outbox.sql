-- Events that were committed with the rows, and are to be published.

CREATE OR REPLACE FUNCTION waybill.unpublished(p_limit integer, OUT id bigint, OUT kind text,
    OUT payload jsonb)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT o.id, o.kind, o.payload FROM waybill.outbox AS o
    WHERE o.published_at IS NULL ORDER BY o.id LIMIT p_limit;
END;

-- The commit does not wait for the disk: after a crash some events are published once more.
CREATE OR REPLACE FUNCTION waybill.mark_published(p_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE waybill.outbox SET published_at = clock_timestamp()
    WHERE id = ANY (p_ids) AND published_at IS NULL;
END
$$;

-- Whether everybody has been told that the job has ended.
CREATE OR REPLACE FUNCTION waybill.end_is_published(p_job uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
RETURN NOT EXISTS (
    SELECT FROM waybill.outbox AS o
    WHERE o.published_at IS NULL AND o.kind = 'job.finished'
        AND o.payload ->> 'job_id' = p_job::text
);
