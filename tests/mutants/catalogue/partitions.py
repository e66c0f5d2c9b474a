"""Partitions, unique values and triggers: rows are in their partition, no check is bypassed."""

from tests.mutants.mutant import Mutant

CHECK = "sql/routines/44_needed_partitions.sql"
BOUNDS = (
    "tests/sql/test_partition_bounds.py"
    "::test_first_and_last_instants_of_a_year_are_in_its_partition",
)
MERGE = "tests/sql/test_merge.py"
UNIQUE = "tests/sql/test_unique_values.py"
EXCHANGE = "sql/routines/444_exchange_copies.sql"
EMPTY = "tests/sql/test_empty_partitions.py"
BESIDE = "tests/sql/test_empty_partitions_beside.py"

MUTANTS = (
    Mutant(
        "upper_bound_included",
        "the first instant of a year needs the partition of that year",
        CHECK,
        "WHERE n.start >= r.lower AND n.start < r.upper",
        "WHERE n.start >= r.lower AND n.start <= r.upper",
        BOUNDS,
    ),
    Mutant(
        "bounds_in_another_zone",
        "a partition begins at midnight in UTC",
        "sql/routines/37_partitions.sql",
        "THEN '+00'",
        "THEN '+01'",
        BOUNDS,
    ),
    Mutant(
        "partition_of_another_zone",
        "the partition of a record is decided in UTC",
        "sql/routines/421_matched_records.sql",
        "%s.%I AT TIME ZONE 'UTC')$q$",
        "%s.%I AT TIME ZONE 'Asia/Tokyo')$q$",
        BOUNDS,
    ),
    Mutant(
        "implausible_partitions_made",
        "no partition is made for a time that is not plausible",
        CHECK,
        "n.start::date <@ v_range AS is_plausible",
        "true AS is_plausible",
        (f"{MERGE}::test_years_that_are_not_plausible_are_rejected",),
    ),
    Mutant(
        "too_many_partitions_made",
        "a table has no more partitions than the server can lock",
        CHECK,
        "g.place > v_room",
        "g.place > 1000000",
        (f"{MERGE}::test_records_beyond_the_number_of_partitions_are_rejected",),
    ),
    Mutant(
        "referenced_partition_not_dropped",
        "an empty partition of a table that another refers to is dropped",
        "sql/routines/57_premake_partitions.sql",
        "ALTER TABLE %s DETACH PARTITION %s'",
        "SELECT %L, %L'",
        (f"{MERGE}::test_an_empty_partition_of_a_table_that_another_refers_to_is_dropped",),
    ),
    Mutant(
        "triggers_skipped",
        "triggers of the table see every row",
        "sql/routines/29_foreign_keys.sql",
        "WHERE t.tgrelid = p_table AND NOT t.tgisinternal",
        "WHERE false",
        (
            "tests/sql/test_constraints.py::test_a_trigger_that_swallows_rows_fails_the_file_clearly",
        ),
    ),
    Mutant(
        "swapped_rows_deleted",
        "rows that swap unique values are not deleted for the tables that refer to them",
        "sql/routines/39_shifted_rows.sql",
        "must not run.\n    PERFORM waybill.set_replica(true);",
        "must not run.\n    PERFORM waybill.set_replica(false);",
        (f"{UNIQUE}::test_swapped_rows_are_not_deleted_for_the_tables_that_refer_to_them",),
    ),
    Mutant(
        "old_partition_not_stale",
        "the partition that a row leaves is refreshed",
        "sql/routines/49_outcome.sql",
        "SELECT t.old_partition",
        "SELECT t.partition_start",
        (f"{MERGE}::test_touched_parts_are_marked_stale",),
    ),
    Mutant(
        "rejected_records_counted_as_written",
        "what is written is counted after the last check",
        "sql/routines/46_unique_values.sql",
        "IF v_rejected > 0 OR p_plan.keeps_raw OR waybill.refers_to_itself(p_plan) THEN",
        "IF false THEN",
        (
            "tests/sql/test_unique_values.py"
            "::test_many_duplicates_of_a_unique_value_are_rejected_as_a_set",
        ),
    ),
    Mutant(
        "emptied_partition_not_stale",
        "a partition that lost rows to a replacing file is refreshed",
        "sql/routines/49_outcome.sql",
        "SELECT partition_start FROM pg_temp.merge_deleted GROUP BY 1",
        "SELECT partition_start FROM pg_temp.merge_deleted WHERE false GROUP BY 1",
        (
            "tests/sql/test_late_files.py"
            "::test_partitions_that_lost_rows_to_a_replacing_file_are_stale",
        ),
    ),
    Mutant(
        "deleted_rows_missed",
        "rows that were deleted stay visible to whoever began before",
        "sql/routines/442_empty_partitions.sql",
        "c.relkind = 'r' AND pg_relation_size(c.oid) = 0",
        "c.relkind = 'r'",
        (f"{BESIDE}::test_rows_that_were_deleted_are_there_for_whoever_sees_them",),
    ),
    Mutant(
        "own_properties_lost",
        "an empty partition keeps what it has of its own",
        "sql/routines/441_plain_partitions.sql",
        "RETURN waybill.own_properties(p_partition) = waybill.own_properties(p_copy)",
        "RETURN true",
        (f"{EMPTY}::test_a_partition_with_something_of_its_own_stays",),
    ),
    Mutant(
        "decoded_rows_lost",
        "whoever subscribes to a table gets the rows of new and of empty partitions",
        CHECK,
        "    OR current_setting('wal_level') = 'logical'\n",
        "",
        (
            "tests/sql/test_decoded_partitions.py"
            "::test_a_subscriber_gets_the_rows_of_partitions_that_were_empty_or_missing",
        ),
    ),
    Mutant(
        "lock_table_filled",
        "an exchange of partitions leaves locks to others",
        "sql/routines/442_empty_partitions.sql",
        "LIMIT waybill.max_copies((p_plan).target)",
        "LIMIT 100",
        (f"{BESIDE}::test_an_exchange_leaves_locks_to_others",),
    ),
    Mutant(
        "parents_locked_for_indexes",
        "writers of parents do not wait for the indexes of new partitions",
        "sql/routines/47_write.sql",
        "PERFORM waybill.build_indexes(p_plan, v_new.partition_id);",
        "CONTINUE;",
        ("tests/sql/test_locks_of_attach.py::test_writers_of_parents_do_not_wait_for_indexes",),
    ),
    Mutant(
        "skipped_rows_counted",
        "rows that a trigger skips are not counted as inserted",
        EXCHANGE,
        "PERFORM waybill.assert_count('inserted', v_rows,",
        "PERFORM waybill.assert_count('inserted', NULL,",
        (f"{BESIDE}::test_a_trigger_that_is_made_meanwhile_and_skips_rows_is_noticed",),
    ),
    Mutant(
        "index_names_lost",
        "the indexes of a partition that is filled keep their names",
        EXCHANGE,
        "'ALTER INDEX %s RENAME TO %I', v_index.id",
        "'SELECT %L, %L', v_index.id",
        (f"{EMPTY}::test_the_partition_looks_as_before",),
    ),
    Mutant(
        "merge_waits_for_readers",
        "a merge ends beside a reader that stays",
        EXCHANGE,
        "WHEN OTHERS THEN",
        "WHEN division_by_zero THEN",
        (f"{BESIDE}::test_a_merge_does_not_wait_for_a_reader_that_stays",),
    ),
    Mutant(
        "direct_rows_dropped",
        "rows that are written to an empty partition during a merge stay",
        EXCHANGE,
        "WHERE NOT waybill.is_without_pages(c.partition_id)\n            OR",
        "WHERE",
        (f"{BESIDE}::test_a_row_that_is_written_directly_meanwhile_stays",),
    ),
)
