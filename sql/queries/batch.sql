-- name: recall_answer(key, dataset, sha256)$
-- What this very batch was answered before; its key stays locked until the commit.
SELECT waybill.get_idempotent_response(:key, :dataset, :sha256);

-- name: merge_batch(job_id, dataset, rows, mode, rejected)$
-- The rows with their waybill, at the place in the order of landing that is now.
SELECT to_jsonb(r) FROM waybill.merge_batch(:job_id, :dataset, :rows, :mode, :rejected) AS r;

-- name: keep_answer(key, dataset, sha256, answer)!
-- In the commit of the rows: a batch that was written is never written again under its key.
SELECT waybill.put_idempotent_response(:key, :dataset, :sha256, :answer);
