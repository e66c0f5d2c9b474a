"""Stalled work is freed, resent or ended; running work is left alone."""

from tests.mutants.mutant import Mutant

REAP = "sql/routines/71_reap.sql"
STALLED = "sql/routines/70_stalled.sql"
COPIES = "tests/integration/reap/test_waiting_copies.py"
LOST = "tests/integration/reap/test_lost_messages.py"
UPLOADS = "tests/integration/reap/test_uploads.py"
WAITING = "tests/sql/test_waiting.py"
ERASED = "tests/integration/personal/test_erased_copies.py"
MOVED = "test_a_job_that_has_moved_is_given_up_after_as_many_tries_and_hours_again"
EXPIRE = "functions/pipeline/reap/expire_uploads.py"

MUTANTS = (
    Mutant(
        "working_copy_counted",
        "time in which a COPY was at work does not count as stalled",
        REAP,
        "AND c.command = 'COPY FROM' AND a.wait_event = 'ClientRead'",
        "AND c.command = 'COPY FROM'",
        (f"{COPIES}::test_time_in_which_a_copy_was_at_work_does_not_count",),
    ),
    Mutant(
        "working_copy_ended",
        "a COPY that does not wait for its client is left alone",
        REAP,
        "WHERE a.wait_event = 'ClientRead'",
        "WHERE true",
        (f"{COPIES}::test_a_copy_that_has_everything_and_is_at_work_is_left_alone",),
    ),
    Mutant(
        "moving_copy_ended",
        "a COPY that receives data is left alone",
        REAP,
        "AND c.bytes_processed = s.bytes_processed",
        "",
        ("tests/integration/reap/test_copies.py::test_a_copy_that_progresses_is_left_alone",),
    ),
    Mutant(
        "job_at_work_resent",
        "a job that a merge holds is left alone",
        STALLED,
        "ORDER BY j.landed_at FOR UPDATE SKIP LOCKED",
        "ORDER BY j.landed_at",
        (f"{LOST}::test_a_running_job_is_left_alone",),
    ),
    Mutant(
        "progress_ignored",
        "a job that moves is not given up",
        STALLED,
        "tries = CASE WHEN r.progress = excluded.progress THEN r.tries + 1 ELSE 1 END",
        "tries = r.tries + 1",
        (f"{WAITING}::{MOVED}",),
    ),
    Mutant(
        "hours_before_progress_counted",
        "the hours before a job moved do not count",
        STALLED,
        "first_at = CASE WHEN r.progress = excluded.progress THEN r.first_at",
        "first_at = CASE WHEN true THEN r.first_at",
        (f"{WAITING}::{MOVED}",),
    ),
    Mutant(
        "never_given_up",
        "a job that does not move for a day ends",
        STALLED,
        "AND r.tries >= p_tries",
        "AND false",
        (f"{LOST}::test_a_job_that_is_stuck_for_a_day_fails",),
    ),
    Mutant(
        "used_stage_dropped",
        "the staging table of an open job stays",
        REAP,
        "CONTINUE WHEN FOUND AND (v_job.restamping OR NOT waybill.is_final(v_job.state));",
        "",
        (f"{LOST}::test_unused_staging_tables_are_dropped_and_others_stay",),
    ),
    Mutant(
        "arrived_upload_expired",
        "an upload whose file is in the bucket does not expire",
        EXPIRE,
        "missing = [upload.job_id for upload in overdue if upload.job_id not in arrived]",
        "missing = [upload.job_id for upload in overdue]",
        (f"{UPLOADS}::test_a_file_that_is_there_is_loaded_however_late_its_event",),
    ),
    Mutant(
        "deadline_of_arrived_upload_deleted",
        "the deadline of such an upload stays until it is registered",
        EXPIRE,
        "if job_of_deadline(key) not in arrived",
        "",
        (f"{UPLOADS}::test_a_file_that_is_there_is_loaded_however_late_its_event",),
    ),
    Mutant(
        "landed_upload_keeps_deadline",
        "the deadline of an upload that landed is deleted",
        "functions/pipeline/plan/register_object.py",
        "deps.state.deadlines.delete(ticket.expires_at, ticket.job_id)",
        "pass",
        (f"{UPLOADS}::test_a_landed_file_removes_its_deadline",),
    ),
    Mutant(
        "refused_deletions_ignored",
        "an object that S3 does not delete is an error",
        "layers/core/python/waybill/object_deletion.py",
        "    if refused:\n",
        "    if False:\n",
        (f"{ERASED}::test_copies_that_s3_does_not_delete_are_deleted_by_the_next_attempt",),
    ),
    Mutant(
        "erasure_forgotten",
        "the deadline of an erasure stays until its copies are deleted",
        "functions/pipeline/reap/delete_copies.py",
        "    deleted = delete_erased_copies(deps.connection, deps.s3, deps.state)\n",
        "    deps.state.deadlines.delete_keys(erasures)\n"
        "    deleted = delete_erased_copies(deps.connection, deps.s3, deps.state)\n",
        (f"{ERASED}::test_copies_that_s3_does_not_delete_are_deleted_by_the_next_attempt",),
    ),
    Mutant(
        "idempotent_responses_purged_early",
        "the response of an idempotency key is kept for a day",
        REAP,
        "WHERE kept_at < clock_timestamp() - interval '1 day';",
        "WHERE kept_at < clock_timestamp();",
        (f"{LOST}::test_events_published_long_ago_are_purged",),
    ),
)
