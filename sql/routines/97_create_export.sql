-- Exports are begun by the API, a few at a time.

-- Refuse one more export where too many are open, since each keeps a loader busy: 5 of one caller,
-- 20 of all. One without progress for an hour does not count: its message may be lost.
CREATE OR REPLACE FUNCTION waybill.refuse_many_exports(p_caller text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_own bigint;
    v_all bigint;
BEGIN
    -- Without the lock two requests at once would each count the others only.
    PERFORM pg_advisory_xact_lock(hashtext('waybill.exports'));
    SELECT count(*) FILTER (WHERE e.created_by = p_caller), count(*) INTO v_own, v_all
    FROM waybill.exports AS e
    WHERE e.state IN ('PENDING', 'RUNNING') AND e.changed_at > now() - interval '1 hour';
    IF v_own >= 5 OR v_all >= 20 THEN
        RAISE EXCEPTION 'There are % exports open, % of them yours; wait for one to end.',
            v_all, v_own USING ERRCODE = 'WB021';
    END IF;
END
$$;

-- Begin an export under this id, once. What is kept of old ones is deleted: their files are gone.
CREATE OR REPLACE FUNCTION waybill.create_export(p_export uuid, p_dataset text, p_format text,
    p_escapes_formulas boolean, p_is_masked boolean)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_caller CONSTANT text := coalesce(current_setting('waybill.principal', true), '');
BEGIN
    PERFORM waybill.target_of(p_dataset);
    DELETE FROM waybill.exports AS e WHERE e.changed_at < now() - interval '7 days';
    -- Message lost or given up without a word: no export is open for ever.
    UPDATE waybill.exports AS e SET state = 'FAILED', changed_at = now(),
        error = '{"code": "export-stalled", "detail": "The export made no progress for a day."}'
    WHERE e.state IN ('PENDING', 'RUNNING') AND e.changed_at < now() - interval '1 day';
    PERFORM waybill.refuse_many_exports(v_caller);
    INSERT INTO waybill.exports
        (export_id, dataset, format, escapes_formulas, is_masked, created_by)
    VALUES (p_export, p_dataset, p_format, p_escapes_formulas, p_is_masked,
        v_caller)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM waybill.record_audit('export.create', p_dataset => p_dataset,
            p_detail => jsonb_build_object('export_id', p_export, 'format', p_format,
                'masked', p_is_masked));
    END IF;
END
$$;
