-- Deletes a document; false if there is none. Locks the row only: a merge that inserts the same
-- content at the same time waits for it, and then inserts it again.
CREATE OR REPLACE FUNCTION waybill.delete_document(p_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM public.ingested_data AS d WHERE d.id = p_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM waybill.begin_generation('ingested_data');
    PERFORM waybill.record_audit('document.deleted', p_dataset => 'ingested_data',
        p_detail => jsonb_build_object('document_id', p_id));
    RETURN true;
END
$$;
