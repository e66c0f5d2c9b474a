-- name: unpublished(max)
-- What commits have left to be told, oldest first.
SELECT id, kind, payload FROM waybill.unpublished(:max);

-- name: mark_published(ids)$
-- After the bus took them: a kill in between publishes twice rather than never.
SELECT waybill.mark_published(:ids);
