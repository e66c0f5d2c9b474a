"""Records whose parents are missing wait for them, and only so long."""

from tests.mutants.mutant import Mutant

REFERENCES = "sql/routines/43_references.sql"
TESTS = "tests/sql/test_references.py"
STALLED = "tests/sql/test_stalled_resolutions.py"
ABSENT = "tests/integration/formats/test_absent_keys.py"

MUTANTS = (
    Mutant(
        "parents_unlocked",
        "a parent is not deleted before the merge of its child commits",
        REFERENCES,
        "FOR KEY SHARE OF p\n",
        "\n",
        (
            "tests/sql/test_merge_races.py"
            "::test_a_parent_cannot_be_deleted_before_the_merge_of_its_child_commits",
        ),
    ),
    Mutant(
        "orphans_written",
        "a record whose parent is missing is pending",
        REFERENCES,
        "PERFORM waybill.set_orphans_pending(p_plan);",
        "NULL;",
        (f"{TESTS}::test_children_that_load_first_are_completed",),
    ),
    Mutant(
        "missing_parent_overlooked",
        "records are looked at one by one if a parent is missing",
        REFERENCES,
        "(SELECT count(*) FROM locked) = (SELECT count(*) FROM c)",
        "true",
        (f"{TESTS}::test_children_that_load_first_are_completed",),
    ),
    Mutant(
        "descendants_written",
        "records below a pending one of the same file are found at once, not level by level",
        "sql/routines/28_missing_parents.sql",
        "v_total := v_total + waybill.set_descendants_pending();",
        "NULL;",
        (
            "tests/sql/test_merge_growth.py"
            "::test_the_work_of_a_merge_grows_less_than_n_to_the_1_3"
            "[a chain of references whose root is missing]",
        ),
    ),
    Mutant(
        "partial_record_does_not_wait",
        "a record that lacks columns waits for an earlier pending one of its key",
        REFERENCES,
        "PERFORM waybill.hold_back(p_plan);",
        "NULL;",
        (f"{TESTS}::test_a_partial_record_waits_for_the_pending_one_of_its_key",),
    ),
    Mutant(
        "partial_json_record_does_not_wait",
        "a JSON record that lacks columns waits for an earlier pending one of its key",
        REFERENCES,
        "RETURN coalesce((p_plan).has_absent, false) OR EXISTS (",
        "RETURN EXISTS (",
        (f"{ABSENT}::test_a_record_waits_for_a_pending_one_whose_columns_it_leaves_alone",),
    ),
    Mutant(
        "columns_of_earlier_lines_lost",
        "lines of one key each leave alone what they lack",
        "sql/routines/421_matched_records.sql",
        "ELSIF p_plan.has_absent AND NOT waybill.is_insert_only(p_plan) THEN",
        "ELSIF false THEN",
        (f"{ABSENT}::test_lines_of_one_key_each_leave_alone_what_they_lack",),
    ),
    Mutant(
        "pending_row_outlives_a_later_one",
        "a row supersedes a pending one of its key earlier in the batch",
        "sql/routines/62_batch_rows.sql",
        "v_superseded := waybill.supersede_pending(v_plan);",
        "v_superseded := 0;",
        (
            "tests/sql/test_batch.py"
            "::test_a_row_supersedes_a_pending_one_of_its_key_earlier_in_the_batch",
        ),
    ),
    Mutant(
        "parent_of_another_resolution_missed",
        "a resolution may bring the parents of another",
        "sql/routines/53_resolve_pending.sql",
        "coalesce(NOT pg_visible_in_snapshot(p_parent.written_by, p_child.parents_seen), false)",
        "p_parent.written_by IS NULL",
        (f"{STALLED}::test_a_resolved_record_may_be_the_parent_of_another",),
    ),
    Mutant(
        "jobs_without_rows_bring_parents",
        "a job that wrote nothing keeps no marker for records that wait",
        "sql/routines/53_resolve_pending.sql",
        "p_child.parents_seen), false)",
        "p_child.parents_seen), true)",
        (
            f"{STALLED}"
            "::test_a_job_without_rows_is_visible_beside_records_that_wait_for_earlier_ones",
        ),
    ),
    Mutant(
        "children_of_stamped_rows_forgotten",
        "a parent that a later job stamped still has its children resolved",
        "sql/routines/51_unblocked_jobs.sql",
        "OR j.written_by IS NULL AND j.unchanged > 0",
        "OR false AND j.unchanged > 0",
        (
            f"{STALLED}"
            "::test_a_parent_that_was_found_unchanged_since_still_has_its_children_resolved",
        ),
    ),
    Mutant(
        "own_pending_not_named",
        "a parent that commits while its child merges is found",
        "sql/routines/51_unblocked_jobs.sql",
        "AND (w.dataset = p_job.dataset OR",
        "AND (false OR",
        ("tests/sql/test_races.py::test_a_parent_that_commits_while_its_child_merges_is_found",),
    ),
    Mutant(
        "slow_parent_missed",
        "a parent whose commit is slow still has its children resolved",
        "sql/routines/53_resolve_pending.sql",
        "coalesce(NOT pg_visible_in_snapshot(p_parent.written_by, p_child.parents_seen), false)",
        "coalesce(p_parent.written_by >= pg_snapshot_xmax(p_child.parents_seen), false)",
        (f"{STALLED}::test_a_parent_that_commits_slowly_is_not_missed",),
    ),
    Mutant(
        "cycles_stay_pending",
        "records that wait for each other across files are loaded once all are there",
        "sql/routines/53_resolve_pending.sql",
        "IF NOT v_is_merged AND NOT waybill.resolve_cycle(v_job.dataset) THEN",
        "IF NOT v_is_merged THEN",
        ("tests/sql/test_cycles.py::test_records_of_two_files_that_refer_to_each_other",),
    ),
    Mutant(
        "equal_numbers_of_a_cycle_differ",
        "records that wait for each other load, also where equal numbers differ as texts",
        "sql/routines/25_cycle_records.sql",
        "THEN 'trim_scale((%s)::numeric)::text'",
        "THEN '%s'",
        (
            "tests/sql/test_cycles.py"
            "::test_numbers_refer_to_each_other_however_many_zeros_they_have",
        ),
    ),
    Mutant(
        "column_in_place_of_its_row",
        "a column may have any name, and its record is kept with all of its values",
        "sql/routines/35_written_values.sql",
        "to_jsonb(x.*)",
        "to_jsonb(x)",
        (
            "tests/sql/test_column_names.py"
            "::test_records_are_loaded_rejected_and_held_back_with_all_their_values",
        ),
    ),
)
