"""Partitions come and go only when nobody with an older snapshot can miss their rows."""

from tests.mutants.mutant import Mutant

OLDER = "sql/routines/570_older_transactions.sql"
FOLDS = "tests/sql/test_folds_beside.py"
DELETED = (
    "tests/sql/test_premade_partitions.py"
    "::test_a_partition_stays_while_somebody_sees_its_deleted_rows"
)

MUTANTS = (
    Mutant(
        "fold_hides_rows",
        "a reader of before the copy finds the rows",
        "sql/routines/571_folds.sql",
        "    RETURN v_older <> '{}';",
        "    RETURN false;",
        (f"{FOLDS}::test_a_reader_of_before_the_copy_finds_the_rows",),
    ),
    Mutant(
        "fold_waits_for_new_readers",
        "a reader of after the copy keeps no exchange",
        OLDER,
        "AND (p_known IS NULL OR l.virtualtransaction = ANY (p_known))",
        "",
        (
            f"{FOLDS}::test_a_reader_of_after_the_copy_keeps_no_exchange_and_finds_the_rows",
            f"{FOLDS}::test_a_reader_whose_snapshot_is_not_shown_is_waited_for",
        ),
    ),
    Mutant(
        "second_copy_hides_rows",
        "readers of before a part is copied again are waited for",
        "sql/routines/572_fold_swap.sql",
        "copies_left - 1, waits_for = NULL",
        "copies_left - 1",
        (f"{FOLDS}::test_readers_of_before_a_part_is_copied_again_are_waited_for",),
    ),
    Mutant(
        "restore_shows_a_part",
        "a reader from the middle of a restore sees no part of it",
        "sql/routines/984_lake_restore.sql",
        "v_older := waybill.older_transactions(v_partition.waits_for)",
        "v_older := '{}'",
        (
            "tests/integration/lake/test_snapshots.py"
            "::test_a_reader_from_the_middle_of_a_restore_sees_no_part",
        ),
    ),
    Mutant(
        "deleted_rows_dropped",
        "a partition stays while somebody sees its deleted rows",
        OLDER,
        "waybill.is_without_pages(p_table) OR",
        "true OR",
        (f"{DELETED}[1]",),
    ),
)
