-- A batch that is sent again is answered again, not written again.

-- The kept answer of this key, or null: then the caller writes, and keeps its answer in the
-- same transaction.
CREATE OR REPLACE FUNCTION waybill.recall_answer(p_key text, p_dataset text, p_sha256 text)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
AS $$
DECLARE
    kept waybill.idempotency_keys;
BEGIN
    -- Held until the commit: without it the same batch sent twice at once is written twice.
    IF NOT pg_try_advisory_xact_lock(
        hashtextextended('waybill.key.' || p_dataset || '/' || p_key, 0)) THEN
        RAISE EXCEPTION 'A batch with this key is being written.' USING ERRCODE = 'WB011';
    END IF;
    SELECT * INTO kept FROM waybill.idempotency_keys
    WHERE key = p_key AND dataset = p_dataset AND kept_at > now() - interval '24 hours';
    IF kept.sha256 <> p_sha256 THEN
        RAISE EXCEPTION 'This key was used with another body.' USING ERRCODE = 'WB010';
    END IF;
    RETURN kept.answer;
END
$$;

CREATE OR REPLACE FUNCTION waybill.keep_answer(p_key text, p_dataset text, p_sha256 text,
    p_answer jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, waybill, pg_temp
BEGIN ATOMIC
    INSERT INTO waybill.idempotency_keys (key, dataset, sha256, answer)
    VALUES (p_key, p_dataset, p_sha256, p_answer)
    ON CONFLICT (key, dataset) DO UPDATE SET sha256 = excluded.sha256,
        answer = excluded.answer, kept_at = clock_timestamp();
END;

GRANT EXECUTE ON FUNCTION waybill.recall_answer(text, text, text),
    waybill.keep_answer(text, text, text, jsonb) TO waybill_api;
