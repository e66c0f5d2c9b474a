"""Files that replace or append, and files that come late."""

from tests.mutants.mutant import Mutant

PLAN = "sql/routines/40_merge_plan.sql"
REPLACE = "sql/routines/45_replace.sql"
CLASSIFY = "sql/routines/42_classify.sql"
LATE = "tests/sql/test_late_files.py"
REPLAYS = "tests/sql/test_replays.py"
REPLACING = "tests/sql/test_replacing_files.py"
APPENDING = "tests/sql/test_appending.py"
ORDER = "tests/sql/test_landing_order.py"

MUTANTS = (
    Mutant(
        "late_replace_deletes_later_rows",
        "a replacing file that comes late keeps rows that landed after it",
        REPLACE,
        "WHERE h._landed <= %2$s",
        "WHERE true",
        (f"{LATE}::test_a_late_replace_keeps_rows_that_a_later_batch_wrote",),
    ),
    Mutant(
        "late_file_adds_to_replaced_table",
        "an earlier file adds nothing to a table that a later one replaced",
        PLAN,
        "AND j.replaced IS NOT NULL",
        "AND false",
        (f"{REPLACING}::test_a_replacing_file_is_the_whole_table",),
    ),
    Mutant(
        "row_of_pending_record_kept",
        "the earlier row of a record that is pending goes when its table is replaced",
        REPLACE,
        "WHERE s._waybill_class <> 'pending'",
        "WHERE true",
        (f"{REPLAYS}::test_a_pending_row_is_not_that_of_an_earlier_file",),
    ),
    Mutant(
        "replay_replaces_table",
        "a replay adds to the file that replaced the table",
        PLAN,
        "AND (p_job.kind IN ('batch', 'replay') OR waybill.is_final(p_job.state))",
        "AND waybill.is_final(p_job.state)",
        (f"{REPLAYS}::test_a_replay_adds_to_the_file_that_replaced_the_table",),
    ),
    Mutant(
        "resolution_replaces_table",
        "pending records add to the file that replaced the table",
        PLAN,
        "AND (p_job.kind IN ('batch', 'replay') OR waybill.is_final(p_job.state))",
        "AND p_job.kind IN ('batch', 'replay')",
        (f"{REPLAYS}::test_a_resolved_record_adds_to_the_file_that_replaced_the_table",),
    ),
    Mutant(
        "replaced_despite_rejects",
        "a file with a reject does not replace a table",
        "sql/routines/50_finish_merge.sql",
        "AND p_contract ->> 'write_disposition' = 'replace'",
        "AND false",
        (f"{REPLACING}::test_a_replacing_file_with_a_reject_fails",),
    ),
    Mutant(
        "append_does_not_wait",
        "files that append to a table with a key merge in order",
        "sql/routines/511_earlier_jobs.sql",
        "OR p_job.contract ->> 'write_disposition' = 'append'",
        "OR false",
        (f"{APPENDING}::test_files_that_append_to_a_table_with_a_key_keep_their_order",),
    ),
    Mutant(
        "append_updates",
        "appending to a table with a key rejects keys that are there",
        CLASSIFY,
        "WHEN %1$s AND r._waybill_stamp IS NOT NULL THEN 'rejected'",
        "WHEN %1$s AND false THEN 'rejected'",
        (f"{APPENDING}::test_appending_to_a_table_with_a_key_only_inserts",),
    ),
    Mutant(
        "batch_does_not_stamp",
        "a late file does not overwrite what a batch found unchanged",
        PLAN,
        "RETURN p_job.kind = 'batch'",
        "RETURN false",
        (f"{LATE}::test_a_late_file_does_not_overwrite_what_a_batch_found_unchanged",),
    ),
    Mutant(
        "not_stamped_for_pending",
        "a record that is resolved late does not overwrite what a later file found unchanged",
        PLAN,
        "AND e.pending_reference > 0",
        "AND false",
        (
            "tests/sql/test_references.py::test_a_resolved_record_does_not_overwrite_a_later_unchanged_row",
        ),
    ),
    Mutant(
        "not_stamped_for_pending_replays",
        "a replay that waited for a parent leaves what a later file found unchanged",
        PLAN,
        "AND coalesce(e.effective_order, e.landing_order) < p_job.landing_order",
        "AND e.landing_order < p_job.landing_order",
        (
            f"{REPLAYS}"
            "::test_a_replay_that_waited_for_a_parent_leaves_what_a_later_file_found_unchanged",
        ),
    ),
    Mutant(
        "pending_records_do_not_stamp",
        "a late file does not overwrite what pending records found unchanged",
        PLAN,
        "OR waybill.is_final(p_job.state)\n",
        "\n",
        (f"{LATE}::test_a_late_file_does_not_overwrite_what_pending_records_found_unchanged",),
    ),
    Mutant(
        "covered_rows_stay",
        "a row that a late file moves to a partition that was replaced since is gone",
        REPLACE,
        "v_deleted := waybill.delete_covered(p_plan);",
        "v_deleted := 0;",
        (f"{LATE}::test_a_row_that_moved_to_a_replaced_partition_is_gone_in_every_order",),
    ),
    Mutant(
        "changed_keys_not_restamped",
        "a late file has those files restamped that found its changed keys unchanged",
        "sql/routines/54_restamp.sql",
        "AND NOT u.hashes && v_changed",
        "AND u.hashes && v_changed",
        (f"{ORDER}::test_a_late_file_restages_only_the_files_that_have_its_changed_keys",),
    ),
    Mutant(
        "late_keyless_replace_deletes_later_rows",
        "a late replacing file without a key keeps the rows of a later batch",
        REPLACE,
        "WHERE h._landed <= %2$s",
        "WHERE true",
        (f"{REPLACING}::test_a_late_replace_without_a_key_keeps_later_rows",),
    ),
    Mutant(
        "late_file_restages_all",
        "a late file restages only the files that have its changed keys",
        "sql/routines/54_restamp.sql",
        "AND NOT u.hashes && v_changed",
        "AND false",
        (
            "tests/sql/test_landing_order.py"
            "::test_a_late_file_restages_only_the_files_that_have_its_changed_keys",
        ),
    ),
)
