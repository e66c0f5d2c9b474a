"""Loads that are taken back."""

from tests.mutants.mutant import Mutant

REVERT = "sql/routines/94_revert_job.sql"
CONFLICTS = "sql/routines/93_revert_conflicts.sql"
ROWS = "sql/routines/92_revert_rows.sql"
QUEUED = "sql/routines/99_queued_reverts.sql"
TESTS = "tests/sql/test_reverts.py"
TAKE_BACK = "sql/routines/941_take_back.sql"
ARCHIVE_TESTS = "tests/sql/test_archive_reverts.py"
QUEUED_TESTS = "tests/sql/test_queued_reverts.py"

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
        ROWS,
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
        ROWS,
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
    Mutant(
        "revert_out_of_order",
        "reverts are done in the order of their requests",
        QUEUED,
        "AND r.request < v_request.request);",
        "AND false);",
        (f"{QUEUED_TESTS}::test_requests_are_done_in_their_order",),
    ),
    Mutant(
        "revert_keeps_nobody_back",
        "what lands after the request of a revert waits for it",
        "sql/routines/511_earlier_jobs.sql",
        "    WHERE e.reverting\n",
        "    WHERE false\n",
        (
            f"{QUEUED_TESTS}::test_what_lands_after_the_request_waits_for_it",
            f"{QUEUED_TESTS}::test_children_that_land_after_the_request_wait_for_it",
        ),
    ),
    Mutant(
        "revert_of_first_member",
        "the members of an archive are reverted from the last to the first",
        QUEUED,
        "        WHERE m.archive_job_id = p_archive.job_id AND waybill.is_loaded(m.state)\n"
        "        ORDER BY m.landing_order DESC);\n",
        "        WHERE m.archive_job_id = p_archive.job_id AND waybill.is_loaded(m.state)\n"
        "        ORDER BY m.landing_order);\n",
        (
            "tests/stateful/test_queued_reverts.py::"
            "test_an_archive_is_reverted_whole_by_attempts_killed_anywhere",
        ),
    ),
    Mutant(
        "revert_of_one_member",
        "an archive is reverted whole",
        QUEUED,
        "        ORDER BY m.landing_order DESC);\n",
        "        ORDER BY m.landing_order DESC LIMIT 1);\n",
        (f"{ARCHIVE_TESTS}::test_members_that_changed_rows_of_each_other_are_taken_back",),
    ),
    Mutant(
        "revert_against_own_members",
        "members that are reverted together are not in each other's way",
        TAKE_BACK,
        "AND j.job_id <> ALL (%1$L::uuid[])",
        "AND j.job_id <> (%1$L::uuid[])[1]",
        (f"{ARCHIVE_TESTS}::test_records_that_one_member_left_out_for_another_keep_neither",),
    ),
    Mutant(
        "revert_without_restored_stamps",
        "rows of a member that a later one had changed are found",
        TAKE_BACK,
        "        PERFORM waybill.add_stamped(v_plan);\n",
        "",
        (f"{ARCHIVE_TESTS}::test_members_that_changed_rows_of_each_other_are_taken_back",),
    ),
    Mutant(
        "revert_scans_for_each_member",
        "the table is scanned once for an archive",
        "sql/routines/921_stamped_rows.sql",
        "        coalesce(to_regclass('pg_temp.revert_stamped'), p_plan.target), p_plan",
        "        p_plan.target, p_plan",
        (f"{ARCHIVE_TESTS}::test_the_work_of_a_revert_grows_with_the_members",),
    ),
    Mutant(
        "unkept_followers_lost",
        "a load is kept whose deleted rows were followed by rows without images",
        CONFLICTS,
        ", waybill.find_unkept_followers(p_plan, p_job, c)",
        "",
        (
            "tests/sql/test_reverts_beside.py"
            "::test_a_load_that_deleted_rows_with_those_that_followed_is_kept",
        ),
    ),
    Mutant(
        "row_back_into_archived_partition",
        "a row does not go back where a partition is archived",
        "sql/routines/980_lake.sql",
        "JOIN pg_temp.revert_images AS i ON %2$s >= a.lower AND %2$s < a.upper",
        "JOIN pg_temp.revert_images AS i ON false AND %2$s < a.upper",
        (
            "tests/integration/lake/test_reverts.py"
            "::test_a_row_does_not_go_back_into_an_archived_partition",
        ),
    ),
    Mutant(
        "replay_beside_revert",
        "a replay is not registered while its file is reverted",
        "sql/routines/59_replay.sql",
        "WHERE job_id = p_parent FOR SHARE;",
        "WHERE job_id = p_parent;",
        (f"{QUEUED_TESTS}::test_a_replay_is_not_registered_beside_a_revert",),
    ),
    Mutant(
        "chunks_counted_without_lock",
        "a job with chunks that a merge sends again is not staged",
        "sql/routines/31_chunks.sql",
        "            v_left := cardinality(waybill.unstaged_chunks(p_job));\n",
        "",
        (f"{QUEUED_TESTS}::test_chunks_that_a_merge_sends_again_are_not_counted_as_staged",),
    ),
)
