-- Pages whose rows may have megabytes each: reading stops one row after the page is full, so that
-- the server and the function hold one page, whatever the rows beyond it have. The row after the
-- last one of the page shows that there is a next page.

-- Documents, newest first: ids rise as documents come, so the primary key is the order. JSON is
-- text, so that numbers keep every digit on their way to the client. `p_masked`: without personal
-- values.
CREATE OR REPLACE FUNCTION waybill.list_documents(p_before bigint, p_limit integer,
    p_skip integer, p_bytes integer, p_masked boolean)
RETURNS TABLE (id bigint, content_hash text, payload text, metadata text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_masked CONSTANT text[] :=
        CASE WHEN p_masked THEN waybill.personal_columns_of('ingested_data') ELSE '{}' END;
    v_read bigint := 0;
    v_is_full boolean;
BEGIN
    FOR id, content_hash, payload, metadata, created_at IN
        SELECT d.id,
            CASE WHEN 'content_hash' = ANY (v_masked) THEN waybill.mask() ELSE d.content_hash END,
            CASE WHEN 'payload' = ANY (v_masked) THEN to_jsonb(waybill.mask()) ELSE d.payload END,
            CASE WHEN 'metadata' = ANY (v_masked) THEN to_jsonb(waybill.mask())
                ELSE d.metadata END,
            d.created_at
        FROM public.ingested_data AS d
        WHERE p_before IS NULL OR d.id < p_before
        ORDER BY d.id DESC
        LIMIT p_limit OFFSET p_skip
    LOOP
        v_is_full := v_read > p_bytes;
        v_read := v_read + octet_length(payload) + octet_length(metadata);
        RETURN NEXT;
        EXIT WHEN v_is_full;
    END LOOP;
END
$$;

-- Valid records of a job whose parent is not there yet, by line. `p_masked`: without personal
-- values.
CREATE OR REPLACE FUNCTION waybill.list_pending(p_job uuid, p_after bigint, p_limit integer,
    p_bytes integer, p_masked boolean)
RETURNS TABLE (line bigint, document text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_masked CONSTANT text[] := CASE
        WHEN p_masked THEN waybill.personal_columns_of(
            (SELECT j.dataset FROM waybill.ingestion_jobs AS j WHERE j.job_id = p_job))
        ELSE '{}'
    END;
    v_read bigint := 0;
    v_is_full boolean;
BEGIN
    FOR line, document IN
        SELECT p.line, p.document || jsonb_build_object('values',
            waybill.masked(p.document -> 'values', v_masked))
        FROM waybill.pending_documents AS p
        WHERE p.job_id = p_job AND p.line > p_after
        ORDER BY p.line
        LIMIT p_limit
    LOOP
        v_is_full := v_read > p_bytes;
        v_read := v_read + octet_length(document);
        RETURN NEXT;
        EXIT WHEN v_is_full;
    END LOOP;
END
$$;
