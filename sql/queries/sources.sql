-- name: get_source(source_id)$
-- One source as the API shows it.
SELECT document FROM waybill.source_documents WHERE source_id = :source_id;

-- name: list_sources(after, rows)
-- By name.
SELECT name, document FROM waybill.source_documents
WHERE :after::text IS NULL OR name > :after
ORDER BY name
LIMIT :rows;

-- name: declared()
-- The sources that files declare. Read by migrate, as the owner.
SELECT source_id, declared_in FROM waybill.data_sources WHERE declared_in IS NOT NULL;
