-- Archived partitions as the API shows them.

-- The partitions of a dataset that are, were or are being archived.
CREATE OR REPLACE FUNCTION waybill.archived_documents(p_dataset text) RETURNS SETOF jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_build_object('partition', a.label, 'state', a.state,
        'lower', waybill.rfc3339(a.lower AT TIME ZONE 'UTC'),
        'upper', waybill.rfc3339(a.upper AT TIME ZONE 'UTC'),
        'folder', CASE WHEN a.has_files THEN a.folder END,
        'rows', a.rows, 'content', a.content::text,
        'archived_at', waybill.rfc3339(a.archived_at),
        'restored_at', waybill.rfc3339(a.restored_at),
        'keep_until', waybill.rfc3339(a.keep_until), 'error', a.error,
        'files', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('key', f.lake_key, 'rows', f.rows,
                'bytes', f.bytes, 'sha256', f.sha256) ORDER BY f.number), '[]')
            FROM waybill.archived_files AS f
            WHERE f.partition_id = a.partition_id AND f.attempt = a.attempt
                AND f.lake_key IS NOT NULL))
    FROM waybill.archived_partitions AS a
    WHERE a.dataset = p_dataset
    ORDER BY a.lower;
END;
