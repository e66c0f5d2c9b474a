"""Every constraint holds after every load, and a bad record is rejected alone."""

from tests.mutants.mutant import Mutant

FOREIGN_KEYS = "sql/routines/29_foreign_keys.sql"
WRITTEN = "tests/sql/test_written_references.py"
MOVES = "tests/sql/test_partition_moves.py"

MUTANTS = (
    Mutant(
        "default_parents_unchecked",
        "a reference by a default that the file lacks has its parent",
        FOREIGN_KEYS,
        "(a.attname = ANY (waybill.updated_columns(p_plan)) OR a.atthasdef)",
        "(a.attname = ANY (waybill.updated_columns(p_plan)))",
        (f"{WRITTEN}::test_every_written_reference_has_its_parent",),
    ),
    Mutant(
        "kept_part_of_reference_unread",
        "a composite reference is checked with the column that the row keeps",
        FOREIGN_KEYS,
        "WHERE r.reference -> 'columns' ? a.attname::text\n                        OR",
        "WHERE false\n                        OR",
        (f"{WRITTEN}::test_an_update_is_checked_with_the_columns_that_it_keeps",),
    ),
    Mutant(
        "checks_judge_defaults",
        "a check is judged on the value that the row keeps, not on the column's default",
        "sql/routines/34_typed_records.sql",
        "IF p_row IS NULL OR p_plan.natural_key = '{}' THEN",
        "IF true THEN",
        (f"{WRITTEN}::test_check_is_checked_on_the_value_that_the_row_keeps",),
    ),
    Mutant(
        "moves_delete_rows",
        "a row that moves to a new partition is not deleted for the tables that refer to it",
        "sql/routines/47_write.sql",
        "    PERFORM waybill.update_rows(p_plan, v_is_new);",
        "    PERFORM waybill.run_sql(format($q$"
        "WITH gone AS (DELETE FROM %1$s AS h USING pg_temp.merge_records AS s"
        " WHERE s._waybill_class = 'update' AND %2$s AND %3$s RETURNING s.*)"
        " INSERT INTO %1$s (%4$s, _landed) SELECT %4$s, %5$s FROM gone$q$, p_plan.target, v_is_new,"
        " waybill.equal_on(p_plan.natural_key, 'h', 's'),"
        " waybill.ident_list(waybill.inserted_columns(p_plan)), p_plan.effective_order));",
        (f"{MOVES}::test_a_move_to_a_new_partition_is_not_a_delete",),
    ),
    Mutant(
        "trigger_sees_moves_as_deletes",
        "a table whose trigger would see moves as deletes is refused",
        "sql/routines/14_assert_table.sql",
        "AND t.tgtype & 9 = 9",
        "AND false",
        (f"{MOVES}::test_a_table_whose_trigger_would_see_moves_as_deletes_is_refused",),
    ),
    Mutant(
        "taken_partition_name_used",
        "a name that is taken does not stop a new partition",
        "sql/routines/37_partitions.sql",
        "IF to_regclass(v_name) IS NULL AND to_regtype(v_name) IS NULL THEN",
        "IF true THEN",
        (f"{MOVES}::test_a_name_that_is_taken_does_not_stop_a_new_partition",),
    ),
    Mutant(
        "bad_record_fails_file",
        "a record that only the write can refuse (an over-long key) is rejected alone",
        "sql/routines/48_write_row_by_row.sql",
        "IF p_plan.in_cycle OR NOT waybill.is_fault_of_data(SQLSTATE) THEN",
        "IF true THEN",
        ("tests/sql/test_write_errors.py::test_an_error_of_one_record_rejects_that_record",),
    ),
    Mutant(
        "swallowed_records_untold",
        "a quoted field that contains what looks like records gives a warning",
        "layers/core/python/waybill/records/stray_quotes.py",
        "if 2 * alike > len(lines) >= _LINES:",
        "if False:",
        (
            "tests/unit/records/test_stray_quotes.py"
            "::test_a_quoted_field_that_contains_records_gives_a_warning",
        ),
    ),
)
