"""Unique values may be passed on within a file, and triggers see every row."""

from tests.mutants.mutant import Mutant

SHIFTED = "sql/routines/39_shifted_rows.sql"
ROW_BY_ROW = "sql/routines/48_write_row_by_row.sql"
TESTS = "tests/sql/test_exchanged_values.py"
BESIDE_REFUSED = f"{TESTS}::test_values_are_passed_on_beside_a_record_that_the_table_refuses"

MUTANTS = (
    Mutant(
        "children_do_not_follow",
        "rows of other tables follow a value that rows exchange",
        SHIFTED,
        "PERFORM waybill.follow_shifted(p_plan, r)\n",
        "PERFORM r\n",
        (f"{TESTS}::test_rows_of_other_tables_follow_values_that_are_exchanged",),
    ),
    Mutant(
        "referenced_value_taken_away",
        "a value that another table refers to stays",
        SHIFTED,
        "IF v_is_referred_to THEN",
        "IF false THEN",
        (f"{TESTS}::test_a_row_whose_value_is_referred_to_does_not_take_one_that_is_passed_on",),
    ),
    Mutant(
        "values_passed_on_by_line",
        "one by one, a record comes after the one that frees its value",
        "sql/routines/26_write_order.sql",
        "SET _waybill_level = l.level",
        "SET _waybill_level = 0",
        (BESIDE_REFUSED, f"{TESTS}::test_values_are_passed_on_in_a_table_with_a_trigger"),
    ),
    Mutant(
        "exchanges_written_one_by_one",
        "rows exchange their values beside a record that is refused",
        ROW_BY_ROW,
        "PERFORM waybill.put_shifted(p_plan);",
        "RAISE EXCEPTION 'no';",
        (BESIDE_REFUSED,),
    ),
    Mutant(
        "triggers_miss_new_partitions",
        "triggers see the first records of a partition",
        "sql/routines/44_needed_partitions.sql",
        "    OR waybill.has_triggers((p_plan).target)\n",
        "",
        (f"{TESTS}::test_triggers_see_the_first_records_of_a_partition",),
    ),
)
