"""Loads that are taken back."""

from tests.mutants.mutant import Mutant

REVERT = "sql/routines/94_revert_job.sql"
CONFLICTS = "sql/routines/93_revert_conflicts.sql"
ROWS = "sql/routines/92_revert_rows.sql"
TESTS = "tests/sql/test_reverts.py"

MUTANTS = (
    Mutant(
        "revert_over_later_change",
        "a row that something else changed since is not reverted",
        CONFLICTS,
        "    PERFORM waybill.find_changed_later(p_plan, p_job);\n",
        "",
        (f"{TESTS}::test_a_row_that_somebody_changed_by_hand_is_named",),
    ),
    Mutant(
        "revert_of_repeated_rows",
        "a row that a later file has too is not removed",
        CONFLICTS,
        "    PERFORM waybill.find_repeated(p_plan, p_job);\n",
        "",
        (f"{TESTS}::test_rows_that_a_later_file_has_too_are_its_rows",),
    ),
    Mutant(
        "revert_over_superseded_record",
        "a load that a late record lost to is not reverted before that record's file",
        CONFLICTS,
        "    PERFORM waybill.find_superseded(p_plan, p_job);\n",
        "",
        (f"{TESTS}::test_a_record_that_lost_to_the_load_keeps_it",),
    ),
    Mutant(
        "revert_of_referenced_rows",
        "a row that others refer to is not removed",
        CONFLICTS,
        "    WHERE c.contype = 'f' AND c.confrelid = p_plan.target AND c.conparentid = 0;",
        "    WHERE false;",
        (f"{TESTS}::test_rows_that_others_refer_to_stay",),
    ),
    Mutant(
        "revert_without_count",
        "a load whose rows are gone without a trace is not reverted",
        CONFLICTS,
        "IF v_taken <> v_found THEN",
        "IF false THEN",
        (f"{TESTS}::test_rows_of_a_truncated_table_are_missed",),
    ),
    Mutant(
        "revert_to_own_image",
        "a row that a load inserted and then changed is removed",
        ROWS,
        "WHERE i.job_id = %3$L AND i.dataset = %4$L AND i.landed <> %5$s",
        "WHERE i.job_id = %3$L AND i.dataset = %4$L AND i.landed <> %5$s - 1",
        (f"{TESTS}::test_the_first_image_of_a_row_counts",),
    ),
    Mutant(
        "revert_keeps_replaced",
        "a reverted file replaces nothing any more",
        REVERT,
        "        replaced = NULL,\n",
        "",
        (f"{TESTS}::test_a_replacing_file_is_taken_back_whole",),
    ),
    Mutant(
        "revert_keeps_pending",
        "pending records go with their load",
        REVERT,
        "    DELETE FROM waybill.pending_references WHERE job_id = p_job.job_id;\n",
        "",
        (f"{TESTS}::test_pending_records_go_with_their_load",),
    ),
    Mutant(
        "revert_leaves_view_stale",
        "the partitions that a revert changed are refreshed",
        REVERT,
        "            UNION SELECT %4$s FROM pg_temp.revert_images AS i\n",
        "",
        (f"{TESTS}::test_rows_move_back_to_their_partitions",),
    ),
    Mutant(
        "image_of_erased_person",
        "an erased person is in no image",
        "sql/routines/76_erase_person.sql",
        "    PERFORM waybill.erase_images(v_dataset, v_texts, (v_row ->> '_landed')::bigint);\n",
        "",
        (f"{TESTS}::test_an_erased_person_does_not_come_back",),
    ),
)
