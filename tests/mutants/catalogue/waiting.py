"""What waits for what, and what is given up."""

from tests.mutants.mutant import Mutant

WAITING = "tests/sql/test_waiting.py"
TURNS = "tests/integration/path/test_turns.py"
POSTPONED = "sql/routines/561_postponed_refreshes.sql"
POSTPONED_TESTS = "tests/sql/analytics/test_postponed_refreshes.py"
PLAN = "sql/routines/40_merge_plan.sql"

MUTANTS = (
    Mutant(
        "batch_does_not_wait",
        "a batch waits for earlier-landed files of the datasets that it refers to",
        "sql/routines/621_merge_batch.sql",
        "PERFORM waybill.assert_batch_turn(v_job);",
        "NULL;",
        (f"{WAITING}::test_a_batch_waits_for_earlier_files_of_its_parents",),
    ),
    Mutant(
        "dry_run_waited_for",
        "nothing waits for a dry run",
        "sql/routines/511_earlier_jobs.sql",
        "AND NOT waybill.is_dry(e)",
        "",
        (
            f"{WAITING}::test_a_file_does_not_wait_for_a_dry_run_of_its_parents",
            f"{WAITING}::test_a_batch_does_not_wait_for_a_dry_run_of_its_parents",
        ),
    ),
    Mutant(
        "stamped_for_dry_run",
        "rows are not stamped for the sake of a dry run",
        PLAN,
        "AND waybill.is_open(e.state)\n            AND NOT waybill.is_dry(e)",
        "AND waybill.is_open(e.state)",
        (f"{WAITING}::test_rows_are_not_stamped_for_a_dry_run",),
    ),
    Mutant(
        "waiting_job_given_up",
        "a job that only waits for an earlier one is not given up",
        "sql/routines/70_stalled.sql",
        "CONTINUE WHEN v_job.state = 'MERGING' AND waybill.earlier_open(v_job) <> '{}';",
        "",
        (f"{WAITING}::test_a_job_that_only_waits_for_an_earlier_one_is_not_given_up",),
    ),
    Mutant(
        "transient_error_fails_job",
        "an error that may pass does not fail the job",
        "sql/routines/50_finish_merge.sql",
        "AND waybill.is_no_refusal(SQLSTATE, SQLERRM, v_context) THEN",
        "AND SQLSTATE LIKE 'WB%' THEN",
        (f"{WAITING}::test_a_merge_that_may_succeed_later_does_not_fail_its_job",),
    ),
    Mutant(
        "replaced_routine_fails_job",
        "a merge during a deployment does not fail its file",
        "sql/routines/48_write_row_by_row.sql",
        "    OR waybill.is_being_replaced(p_sqlstate, p_message, p_context);",
        ";",
        (
            "tests/integration/path/test_replaced_routines.py::"
            "test_a_merge_in_the_middle_of_a_deployment_is_tried_again",
        ),
    ),
    Mutant(
        "dry_run_keeps_schedules_awake",
        "pending records of a dry run keep no schedule awake",
        "sql/routines/53_resolve_pending.sql",
        "AND NOT waybill.is_dry(p_child)",
        "AND true",
        ("tests/sql/test_stalled_resolutions.py::test_nothing_waits_for_a_dry_run",),
    ),
    Mutant(
        "turn_by_message_only",
        "files that wait are merged after one another without a message each",
        "functions/pipeline/merge/take_turns.py",
        "while following and time.monotonic() - began < _SECONDS:",
        "while False:",
        (f"{TURNS}::test_files_that_wait_are_merged_after_one_another_without_a_message_each",),
    ),
    Mutant(
        "unpublished_end_loses_turn",
        "a turn is not lost when the end before it cannot be published",
        "functions/pipeline/merge/merge_job.py",
        "(MergeMessage(job_id=each) for each in following)",
        "()",
        (f"{TURNS}::test_a_turn_is_not_lost_when_the_end_before_it_cannot_be_published",),
    ),
    Mutant(
        "waiting_jobs_come_back_at_once",
        "a job that waits for many comes back when they may have ended",
        "layers/core/python/waybill/consumer.py",
        "return max(delay_seconds(min(tries, _MAX_BUSY_TRIES)), round(turn))",
        "return delay_seconds(min(tries, _MAX_BUSY_TRIES))",
        (
            "tests/unit/queues/test_consumer.py"
            "::test_a_job_that_waits_for_many_comes_back_when_they_may_have_ended",
        ),
    ),
    Mutant(
        "refresh_for_every_merge",
        "a refresh is put off while a file is about to be merged",
        POSTPONED,
        "WHERE t.seconds > 0 AND",
        "WHERE false AND",
        (f"{POSTPONED_TESTS}::test_it_is_put_off_while_a_file_is_about_to_be_merged",),
    ),
    Mutant(
        "refresh_put_off_for_ever",
        "a refresh is put off for half a minute at most",
        POSTPONED,
        "m.since - clock_timestamp() + least(",
        "least(",
        (f"{POSTPONED_TESTS}::test_it_is_put_off_for_half_a_minute_at_most",),
    ),
    Mutant(
        "nobody_waits_for_the_refresh",
        "a refresh that is put off is made when it is due, also if no merge ends",
        "functions/pipeline/refresh/refresh_stale.py",
        "while self._all_due() and self._refreshes.wait_for_postponed():",
        "while self._all_due() and False:",
        (
            "tests/integration/refresh/test_handler.py"
            "::test_a_refresh_that_is_put_off_is_made_when_it_is_due",
        ),
    ),
    Mutant(
        "records_counted_for_nothing",
        "a job that finds another merge running does not count its records",
        "sql/routines/52_merge_job.sql",
        "    PERFORM waybill.lock_merge(p_job.dataset);\n    IF NOT",
        "    IF NOT",
        (
            "tests/sql/test_merge_races.py::test_a_job_that_finds_another_merge_running"
            "_counts_nothing_and_says_how_many_are_ready",
        ),
    ),
)
