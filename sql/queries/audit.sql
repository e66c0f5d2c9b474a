-- name: list_entries(action, actor, before, before_id, rows)
-- Newest first: the primary key is the order, and a page is read from the key of the last entry.
SELECT occurred_at, audit_id, action, actor, source, dataset, job_id, detail
FROM waybill.audit_logs
WHERE (:action::text IS NULL OR action = :action)
    AND (:actor::text IS NULL OR actor = :actor)
    AND (:before::timestamptz IS NULL
        OR (occurred_at, audit_id) < (:before::timestamptz, :before_id::uuid))
ORDER BY occurred_at DESC, audit_id DESC
LIMIT :rows;
