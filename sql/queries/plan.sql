-- name: register_ticket(job_id, dataset, filename, size_bytes, options, created_at, expires_at)$
-- Lists an upload that was announced; the object's own event may have come first.
SELECT waybill.register_ticket(:job_id, :dataset, :filename, :size_bytes, :options, :created_at,
    :expires_at);

-- name: register_object(given_job, fresh_job, dataset, bucket, key, version_id, etag, size_bytes, filename, landed_at, options)^
-- One job per version of an object, however often its event is delivered.
SELECT job_id, state, is_new FROM waybill.register_object(:given_job, :fresh_job, :dataset, :bucket,
    :key, :version_id, :etag, :size_bytes, :filename, :landed_at, :options);

-- name: contract(dataset)$
-- The contract that the head is read by.
SELECT waybill.contract(:dataset);

-- name: start_loading(job_id, layout)$
-- From here on the job has its staging table and the contract that it is loaded by.
SELECT waybill.start_loading(:job_id, :layout);

-- name: add_chunks(job_id, chunks)$
-- A chunk is known here before its message is sent, so that its loader finds it.
SELECT waybill.add_chunks(:job_id, :chunks);

-- name: finish_plan(job_id, chunks_total, sha256)$
-- Until the total is known no chunk can be the last one.
SELECT waybill.finish_plan(:job_id, :chunks_total, :sha256);

-- name: chunks_left(job_id)$
-- The loaders may have been faster than the plan: then nobody else asks for the merge.
SELECT waybill.chunks_left(:job_id);

-- name: chunk_state(job_id, chunk)$
-- A chunk waits until the one that many before it is done.
SELECT waybill.chunk_state(:job_id, :chunk);

-- name: fail_job(job_id, problem)$
-- The file is refused; the reason stays with the job.
SELECT waybill.fail_job(:job_id, :problem);
