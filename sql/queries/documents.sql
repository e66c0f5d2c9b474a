-- name: list_documents(before, rows, skipped)
-- A page, newest first: ids rise as documents come, so the primary key is the order, and a page
-- is read from the key of the last one. Skipping is for the first pages only.
SELECT id, content_hash, payload, metadata, created_at
FROM ingested_data
WHERE :before::bigint IS NULL OR id < :before
ORDER BY id DESC
LIMIT :rows OFFSET :skipped;

-- name: estimate()$
-- As the last vacuum or analyze found it: counting reads the whole table. Null before the first.
SELECT nullif(reltuples, -1)::bigint FROM pg_catalog.pg_class
WHERE oid = 'public.ingested_data'::regclass;
