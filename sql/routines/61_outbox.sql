-- What must be told after a commit. Read and marked by the merge step, and by the publish
-- step for what a killed merge left behind.

CREATE OR REPLACE FUNCTION waybill.unpublished(max integer, OUT id bigint, OUT kind text,
    OUT payload jsonb)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    SELECT o.id, o.kind, o.payload FROM waybill.outbox AS o
    WHERE o.published_at IS NULL ORDER BY o.id LIMIT max;
END;

CREATE OR REPLACE FUNCTION waybill.mark_published(ids bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    UPDATE waybill.outbox SET published_at = clock_timestamp()
    WHERE id = ANY (ids) AND published_at IS NULL;
END;

GRANT EXECUTE ON FUNCTION waybill.unpublished(integer), waybill.mark_published(bigint[])
    TO waybill_loader, waybill_api;
