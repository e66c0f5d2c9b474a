"""Partitions come and go only when nobody with an older snapshot can miss their rows."""

from tests.mutants.mutant import Mutant

OLDER = "sql/routines/570_older_snapshots.sql"
FOLDS = "tests/sql/test_folds_snapshots.py"
PREMADE = "tests/sql/test_premade_partitions.py"

MUTANTS = (
    Mutant(
        "fold_hides_rows",
        "a reader of before the copy finds the rows",
        "sql/routines/571_folds.sql",
        "PERFORM waybill.wait_for_older_snapshots(p_fold.copied_by);",
        "",
        (f"{FOLDS}::test_a_reader_of_before_the_copy_finds_the_rows",),
    ),
    Mutant(
        "fold_waits_for_new_readers",
        "a reader of after the copy keeps no exchange",
        OLDER,
        "age(s.snapshot) >= age(p_last::xid)",
        "s.snapshot IS NOT NULL",
        (f"{FOLDS}::test_a_reader_of_after_the_copy_keeps_no_exchange_and_finds_the_rows",),
    ),
    Mutant(
        "second_copy_hides_rows",
        "readers of before a part is copied again are waited for",
        "sql/routines/572_fold_swap.sql",
        "SET copied_by = pg_current_xact_id()",
        "SET copied_by = coalesce(f.copied_by, pg_current_xact_id())",
        (
            f"{FOLDS}::test_readers_of_before_a_part_is_copied_again_are_waited_for",
            f"{FOLDS}::test_readers_of_before_a_new_partition_is_copied_are_waited_for",
        ),
    ),
    Mutant(
        "restore_shows_a_part",
        "a reader from the middle of a restore sees no part of it",
        "sql/routines/984_lake_restore.sql",
        "SET stored_by = pg_current_xact_id()",
        "SET stored_by = coalesce(a.stored_by, pg_current_xact_id())",
        (
            "tests/integration/lake/test_snapshots.py"
            "::test_a_reader_from_the_middle_of_a_restore_sees_no_part",
        ),
    ),
    Mutant(
        "deleted_rows_dropped",
        "a partition stays while somebody sees its deleted rows",
        OLDER,
        "RETURN v_is_empty AND waybill.older_snapshot(pg_current_xact_id()) IS NULL",
        "RETURN v_is_empty",
        (f"{PREMADE}::test_a_partition_stays_while_somebody_sees_its_deleted_rows[1]",),
    ),
)
