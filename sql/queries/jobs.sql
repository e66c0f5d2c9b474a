-- name: get_job(job_id)^
-- One job as the API shows it.
SELECT document || waybill.members_document(job_id)
FROM waybill.job_documents
WHERE job_id = :job_id;

-- name: list_jobs(dataset, datasets, state, archive, before, rows)
-- Newest first: ids are UUIDv7, so the primary key is the order of creation, and a page is read
-- from the key of the last one.
SELECT job_id, document
FROM waybill.job_documents
WHERE (:dataset::text IS NULL OR dataset = :dataset)
    AND (:datasets::text[] IS NULL OR dataset = ANY (:datasets))
    AND (:state::text IS NULL OR state = :state)
    AND (:archive::uuid IS NULL OR archive_job_id = :archive)
    AND (:before::uuid IS NULL OR job_id < :before)
ORDER BY job_id DESC
LIMIT :rows;

-- name: get_dataset(job_id)$
-- Whether there is a job, and the dataset it belongs to.
SELECT dataset FROM waybill.job_documents WHERE job_id = :job_id;

-- name: get_archive_place(job_id)
-- Whether it is an archive; the name of the file in its archive, null if it was in none. Without the
-- document, which counts all rejects: each page of them begins with this.
SELECT is_archive, CASE WHEN archive_job_id IS NOT NULL THEN filename END AS member
FROM waybill.job_documents
WHERE job_id = :job_id;

-- name: get_creator(job_id)$
-- Who made the job; null also without a job.
SELECT created_by FROM waybill.job_documents WHERE job_id = :job_id;

-- name: get_state(job_id)$
-- Read before a cancellation, whose result is the same for a job cancelled now and long ago.
SELECT state FROM waybill.job_documents WHERE job_id = :job_id;

-- name: list_runs(job_id, after, rows)
-- Every attempt of a step at the job, in order.
SELECT run_id, document
FROM waybill.run_documents
WHERE job_id = :job_id AND run_id > :after
ORDER BY run_id
LIMIT :rows;
