"""Rules of a dataset keep order and counts, and an erased person stays erased."""

from tests.mutants.mutant import Mutant

CHECKS = "sql/routines/41_check_records.sql"
OUTCOME = "sql/routines/49_outcome.sql"
RULES = "tests/sql/test_sql_rules.py"
REFUSED = "tests/sql/test_refused_successors.py"
ERASURE = "tests/integration/personal/test_erasure.py"

MUTANTS = (
    Mutant(
        "enriched_rows_not_stamped",
        "a late file does not overwrite a row that a later one left, though its look-up changed",
        "sql/routines/40_merge_plan.sql",
        "OR coalesce(p_job.contract -> 'transformation' ? 'enrich', false)",
        "OR false",
        (f"{RULES}::test_a_late_file_does_not_overwrite_a_row_whose_look_up_has_changed",),
    ),
    Mutant(
        "look_up_not_awaited",
        "a file waits for earlier files of the dataset that it looks up",
        "sql/routines/01_states.sql",
        "'$.*.dataset ? (@ == $name)'",
        "'$.*.nothing ? (@ == $name)'",
        (f"{RULES}::test_a_file_waits_for_earlier_files_of_the_dataset_that_it_looks_up",),
    ),
    Mutant(
        "duplicate_of_rejected_dropped",
        "a record is no duplicate of one that is rejected",
        "sql/routines/69_filter_records.sql",
        "SELECT FROM pg_temp.merge_rejects AS b WHERE b.line = s._waybill_line",
        "SELECT FROM pg_temp.merge_rejects AS b WHERE false",
        (f"{RULES}::test_a_duplicate_of_a_rejected_record_stays",),
    ),
    Mutant(
        "filtered_counted_as_superseded",
        "records that a rule leaves out are counted as filtered",
        OUTCOME,
        "v_filtered := waybill.count_filtered();",
        "v_filtered := 0;",
        (f"{RULES}::test_a_condition_leaves_out_records_for_which_it_does_not_hold",),
    ),
    Mutant(
        "erased_person_comes_back",
        "a file that landed before an erasure does not bring the person back",
        CHECKS,
        "PERFORM waybill.leave_out_erased(p_plan);",
        "NULL;",
        (f"{ERASURE}::test_a_file_that_landed_before_does_not_bring_the_person_back",),
    ),
    Mutant(
        "cached_rows_outlive_a_merge",
        "rows that a merge changes begin a new generation of what is cached",
        OUTCOME,
        "PERFORM waybill.begin_generation(p_dataset);",
        "NULL;",
        ("tests/integration/lookups/test_cached.py::test_a_change_is_seen_by_the_next_read",),
    ),
    Mutant(
        "erased_rejects_counted_as_rejects",
        "rejects that are erased while their file is open are not among those that it counts",
        "sql/routines/50_finish_merge.sql",
        "v_rejected := v_rejected - v_erased;",
        "",
        (
            "tests/sql/test_erasures.py"
            "::test_rejects_that_were_erased_before_the_merge_count_as_erased",
        ),
    ),
    Mutant(
        "superseded_by_a_refused_record",
        "a record that the table refuses keeps no other one out",
        "sql/routines/46_unique_values.sql",
        "EXIT WHEN v_pass = 10 OR waybill.count_refusals() = v_before",
        "EXIT WHEN true OR waybill.count_refusals() = v_before",
        (f"{REFUSED}::test_an_earlier_line_counts_where_the_later_one_has_a_taken_value",),
    ),
    Mutant(
        "key_of_a_refused_record_is_there",
        "where files only insert, the key of a rejected record is free",
        "sql/routines/46_unique_values.sql",
        "DELETE FROM pg_temp.merge_rejects WHERE code = 'duplicate_key';",
        "NULL;",
        (f"{REFUSED}::test_a_key_is_not_there_because_of_a_record_that_was_rejected",),
    ),
    Mutant(
        "earlier_line_not_stamped",
        "a late file does not change the row that an earlier line left unchanged",
        "sql/routines/46_unique_values.sql",
        "p_plan.stamp_unchanged := true;",
        "NULL;",
        (f"{REFUSED}::test_a_late_file_does_not_change_what_the_earlier_line_left_unchanged",),
    ),
    Mutant(
        "figures_of_followers_not_stale",
        "rows that follow those of a file by a foreign key make their figures stale",
        OUTCOME,
        "PERFORM waybill.mark_followers_stale(p_dataset, p_plan.job_id);",
        "NULL;",
        (
            "tests/sql/test_followed_rows.py"
            "::test_rows_that_a_file_deletes_by_a_cascade_leave_the_figures",
        ),
    ),
    Mutant(
        "duplicates_of_other_fields_kept",
        "a row of a batch is a duplicate of one with other fields, too",
        "sql/routines/69_filter_records.sql",
        "WHERE x.n > 1 OR x.is_in_batch",
        "WHERE x.n > 1",
        (
            "tests/sql/test_sql_rules.py"
            "::test_duplicates_in_a_batch_are_found_among_rows_with_other_fields",
        ),
    ),
    Mutant(
        "refused_rows_compared",
        "a refused row of a batch has no duplicates",
        "sql/routines/69_filter_records.sql",
        "WHERE s._waybill_line NOT IN (SELECT b.line FROM pg_temp.merge_rejects AS b)",
        "WHERE true",
        ("tests/sql/test_sql_rules.py::test_a_refused_row_of_a_batch_has_no_duplicates",),
    ),
)
