-- Idempotent batches: a batch that is sent again has the same response and is not written again.

-- The stored response of a key, or null: then the caller writes the batch and stores its response
-- in the same transaction.
CREATE OR REPLACE FUNCTION waybill.get_idempotent_response(p_key text, p_dataset text,
    p_sha256 text)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    v_kept waybill.idempotency_keys;
BEGIN
    -- Held until the commit: without it the same batch sent twice at once is written twice.
    IF NOT pg_try_advisory_xact_lock(
        hashtextextended('waybill.key.' || p_dataset || '/' || p_key, 0))
    THEN
        RAISE EXCEPTION 'A batch with this key is being written.' USING ERRCODE = 'WB011';
    END IF;
    SELECT * INTO v_kept FROM waybill.idempotency_keys
    WHERE key = p_key AND dataset = p_dataset AND kept_at > now() - interval '24 hours';
    IF v_kept.sha256 <> p_sha256 THEN
        RAISE EXCEPTION 'This key was used with another body.' USING ERRCODE = 'WB010';
    END IF;
    RETURN v_kept.response;
END
$$;

CREATE OR REPLACE FUNCTION waybill.put_idempotent_response(p_key text, p_dataset text,
    p_sha256 text, p_response jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.idempotency_keys (key, dataset, sha256, response)
    VALUES (p_key, p_dataset, p_sha256, p_response)
    ON CONFLICT (key, dataset) DO UPDATE
    SET sha256 = excluded.sha256, response = excluded.response, kept_at = clock_timestamp();
END;

-- Write a batch, as `merge_batch`, unless it was written before: then `response` is that of before,
-- and nothing else is. `events` are those that the caller may publish after the commit, at most
-- `p_events`, as `unpublished`. One call, since its caller waits for the server at each.
CREATE OR REPLACE FUNCTION waybill.write_batch(p_key text, p_sha256 text, p_job uuid,
    p_dataset text, p_rows jsonb, p_mode text, p_rejected jsonb, p_filtered bigint, p_drift jsonb,
    p_events integer,
    OUT response jsonb, OUT state text, OUT errors jsonb, OUT waybill jsonb,
    OUT unblocked uuid[], OUT pending uuid[], OUT events jsonb)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
BEGIN
    response := waybill.get_idempotent_response(p_key, p_dataset, p_sha256);
    IF response IS NULL THEN
        SELECT m.state, m.errors, m.waybill, m.unblocked, m.pending
        INTO state, errors, waybill, unblocked, pending
        FROM waybill.merge_batch(
            p_job, p_dataset, p_rows, p_mode, p_rejected, p_filtered, p_drift) AS m;
        events := (
            SELECT jsonb_agg(jsonb_build_array(u.id, u.kind, u.payload) ORDER BY u.id)
            FROM waybill.unpublished(p_events) AS u
        );
    END IF;
END
$$;
