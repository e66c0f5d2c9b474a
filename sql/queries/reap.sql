-- name: overdue_uploads()
-- Announced uploads that should have come long ago; the storage knows whether they did.
SELECT job_id, dataset FROM waybill.overdue_uploads();

-- name: expire_uploads(jobs)$
-- A file of one of these that comes now is ignored, as that of a cancelled job is.
SELECT waybill.expire_uploads(:jobs);

-- name: end_stalled_copies(minutes)$
-- Frees the chunks of loaders that are frozen or cut off.
SELECT waybill.end_stalled_copies(:minutes);

-- name: abandon_runs()$
-- Attempts that were killed get the end that they could not write.
SELECT waybill.abandon_runs();

-- name: drop_orphan_stages()$
-- Staging tables that were in use when their job ended.
SELECT waybill.drop_orphan_stages();

-- name: forget_old()$
-- Published events and answers to batches that are past their time.
SELECT waybill.forget_old();

-- name: stalled(minutes)$
-- Jobs that nothing has touched for a while, by the message that each of them needs.
SELECT waybill.stalled(:minutes);

-- name: note_redrives(jobs)$
-- So that the next time comes later, and in the end no more.
SELECT waybill.note_redrives(:jobs);

-- name: give_up()
-- Jobs that were sent again for a day and did not move.
SELECT job FROM waybill.give_up() AS given (job);
