-- name: claim_chunk(job_id, chunk)$
-- Locks the chunk until the transaction ends, so that no second loader stages it; says what is
-- to be read and where it goes, or that there is nothing to do.
SELECT waybill.claim_chunk(:job_id, :chunk);

-- name: finish_chunk(job_id, chunk, read, staged, rejected, sha256)$
-- In the transaction of the COPYs: staged and counted, or neither.
SELECT waybill.finish_chunk(:job_id, :chunk, :read, :staged, :rejected, :sha256);

-- name: chunks_left(job_id)$
-- Asked in a transaction of its own after the commit, so that of two loaders that end at the
-- same time at least one sees that both are done.
SELECT waybill.chunks_left(:job_id);

-- name: chunk_state(job_id, chunk)$
-- Whether there is a chunk whose turn has come with the end of this one.
SELECT waybill.chunk_state(:job_id, :chunk);

-- name: fail_job(job_id, problem)$
-- The object cannot be read as what was landed; the reason stays with the job.
SELECT waybill.fail_job(:job_id, :problem);
