"""The merge: order, classes and counts."""

from tests.mutants.mutant import Mutant

MERGE = "sql/routines/52_merge_job.sql"
FINISH = "sql/routines/50_finish_merge.sql"
CLASSIFY = "sql/routines/42_classify.sql"
ORDER = "tests/sql/test_landing_order.py"
TESTS = "tests/sql/test_merge.py"
LIMITS = ("tests/sql/test_limits_and_dry_runs.py::test_too_many_rejects_fail_the_file_whole",)

LEFT_OUT = "tests/sql/test_left_out_records.py"
COUNTED = f"{LEFT_OUT}::test_they_are_counted_beside_records_of_every_class"

MUTANTS = (
    Mutant(
        "merged_before_parents",
        "a job merges after earlier-landed jobs of the datasets that it refers to",
        MERGE,
        "IF NOT p_job.restamping AND v_earlier <> '{}' THEN",
        "IF false THEN",
        ("tests/sql/test_references.py::test_a_child_waits_for_earlier_landed_parents",),
    ),
    Mutant(
        "partial_file_does_not_wait",
        "a file that lacks a column merges after the earlier ones of its dataset",
        "sql/routines/511_earlier_jobs.sql",
        "RETURN waybill.is_partial(p_job)",
        "RETURN false",
        (f"{ORDER}::test_a_file_without_a_column_waits_for_earlier_ones",),
    ),
    Mutant(
        "later_rows_overwritten",
        "a row of a later-landed file is not overwritten",
        CLASSIFY,
        "WHEN r._waybill_stamp > %3$s THEN 'superseded'",
        "WHEN false THEN 'superseded'",
        (f"{ORDER}::test_any_processing_order_gives_the_same_rows",),
    ),
    Mutant(
        "own_rows_superseded",
        "a replay changes what its own file wrote",
        CLASSIFY,
        "WHEN r._waybill_stamp > %3$s THEN 'superseded'",
        "WHEN r._waybill_stamp >= %3$s - 1 THEN 'superseded'",
        ("tests/sql/test_replays.py::test_a_replay_changes_what_its_own_file_wrote",),
    ),
    Mutant(
        "first_line_wins",
        "within a file the later line wins",
        "sql/routines/421_matched_records.sql",
        "THEN 'ASC' ELSE 'DESC' END",
        "THEN 'ASC' ELSE 'ASC' END",
        (f"{TESTS}::test_every_class_is_counted",),
    ),
    Mutant(
        "late_file_does_not_restamp",
        "a file that arrives late does not overwrite what a later one found unchanged",
        MERGE,
        "v_result.restamping := waybill.request_restamps(v_job);",
        "v_result.restamping := '{}';",
        (
            "tests/sql/test_replays.py::test_rows_that_a_later_file_found_unchanged_are_not_overwritten",
        ),
    ),
    Mutant(
        "reject_limit_one_less",
        "as many rejects as the contract allows are allowed",
        FINISH,
        "WHEN p_rejected > (p_contract ->> 'max_rejects')::bigint",
        "WHEN p_rejected >= (p_contract ->> 'max_rejects')::bigint",
        LIMITS,
    ),
    Mutant(
        "reject_share_less",
        "as large a share of rejects as the contract allows is allowed",
        FINISH,
        "WHEN p_rejected > p_records *",
        "WHEN p_rejected >= p_records *",
        LIMITS,
    ),
    Mutant(
        "too_many_rejects_loaded",
        "nothing of a file with too many rejects is loaded",
        FINISH,
        "IF v_limit IS NOT NULL OR waybill.is_dry(p_job) THEN",
        "IF waybill.is_dry(p_job) THEN",
        LIMITS,
    ),
    Mutant(
        "dry_run_writes",
        "a dry run changes nothing",
        FINISH,
        "IF v_limit IS NOT NULL OR waybill.is_dry(p_job) THEN",
        "IF v_limit IS NOT NULL THEN",
        ("tests/sql/test_limits_and_dry_runs.py::test_a_dry_run_counts_and_changes_nothing",),
    ),
    Mutant(
        "waybill_unbalanced",
        "a waybill whose numbers do not add up cannot be written",
        "sql/migrations/0031_erasures.sql",
        "CHECK (read IS NULL OR read =",
        "CHECK (true OR read =",
        ("tests/sql/test_job_ends.py::test_a_waybill_that_does_not_add_up_cannot_be_written",),
    ),
    Mutant(
        "skipped_rows_unnoticed",
        "as many rows are written as records were to be",
        "sql/routines/47_write.sql",
        "IF p_expected <> p_written THEN",
        "IF false THEN",
        (
            "tests/sql/test_constraints.py::test_a_trigger_that_swallows_rows_fails_the_file_clearly",
        ),
    ),
    Mutant(
        "end_not_reported",
        "the end of a job is an event in the commit that ends it",
        FINISH,
        "PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, p_job.state);",
        "NULL;",
        (f"{TESTS}::test_stage_is_dropped_and_end_is_reported",),
    ),
    Mutant(
        "left_out_while_stamped",
        "records that are as their rows are stamp these while an earlier file is open",
        "sql/routines/19_stored_records.sql",
        "AND NOT p_plan.stamp_unchanged",
        "AND true",
        (f"{LEFT_OUT}::test_they_are_not_left_out_while_an_earlier_file_is_open",),
    ),
    Mutant(
        "left_out_of_repeated_keys",
        "of a key's records the last counts, also where it is as its row is",
        CLASSIFY,
        "NOT p_is_complete AND NOT v_keys.is_repeated;",
        "NOT p_is_complete;",
        (f"{LEFT_OUT}::test_of_a_key_that_is_there_twice_in_the_file_the_last_record_counts",),
    ),
    Mutant(
        "left_out_by_rows",
        "two rows of one key are noticed beside records that are as their rows are",
        CLASSIFY,
        "count(DISTINCT s._waybill_line)",
        "count(*)",
        (f"{LEFT_OUT}::test_two_rows_of_one_key_are_noticed_beside_them",),
    ),
    Mutant(
        "left_out_not_counted",
        "records that are as their rows are are counted",
        "sql/routines/36_merge_counts.sql",
        "CASE WHEN p_plan.left_out > 0",
        "CASE WHEN false",
        (COUNTED,),
    ),
    Mutant(
        "left_out_forgotten",
        "a late file finds the keys that were unchanged",
        "sql/routines/49_outcome.sql",
        "PERFORM waybill.keep_left_out_keys(p_plan);",
        "NULL;",
        (COUNTED,),
    ),
    Mutant(
        "left_out_taken_back",
        "records that are as their rows are do not count as kept out by others",
        "sql/routines/46_unique_values.sql",
        "OR p_plan.left_out > 0",
        "OR false",
        (f"{LEFT_OUT}::test_a_record_without_partition_beside_them_has_no_row_stamped",),
    ),
    Mutant(
        "last_key_of_a_gap_is_not_looked_up",
        "a key is looked up if it is the last of its file and in the table",
        "sql/routines/18_record_keys.sql",
        "RETURN coalesce(v_next <= v_last, false);",
        "RETURN coalesce(v_next < v_last, false);",
        ("tests/sql/test_key_ranges.py::test_keys_in_a_gap_are_not_looked_up",),
    ),
    Mutant(
        "keys_of_a_gap_are_looked_up",
        "keys between two of the table are not looked up one by one",
        "sql/routines/18_record_keys.sql",
        "RETURN coalesce(v_next <= v_last, false);",
        "RETURN true;",
        ("tests/sql/test_key_ranges.py::test_keys_in_a_gap_are_not_looked_up",),
    ),
)
