"""Each chunk is staged once, with its rejects, or not at all."""

from tests.mutants.mutant import Mutant

CHUNKS = "sql/routines/31_chunks.sql"
MERGE = "sql/routines/52_merge_job.sql"
LOST = "sql/routines/521_lost_chunks.sql"
ENDS = "tests/sql/test_job_ends.py"
CANCEL = "tests/sql/test_cancel.py"
EMPTIED = "tests/sql/test_lost_chunks.py"
LOADERS = "tests/integration/load/test_two_loaders.py"
RESTAMPS = "tests/integration/path/test_restamps.py"
STAGE = "tests/integration/load/test_stage_chunk.py"

MUTANTS = (
    Mutant(
        "chunk_unlocked",
        "a chunk is staged by one of two live loaders",
        CHUNKS,
        "c.chunk = p_chunk FOR UPDATE NOWAIT;",
        "c.chunk = p_chunk;",
        (
            "tests/torture/test_short.py"
            "::test_of_two_live_attempts_at_one_message_one_takes_effect[chunks]",
            f"{LOADERS}::test_a_chunk_is_staged_by_one_of_two_live_loaders",
        ),
    ),
    Mutant(
        "loader_waits_for_chunk",
        "a second loader of a chunk comes back later, rather than waiting with a connection",
        CHUNKS,
        "c.chunk = p_chunk FOR UPDATE NOWAIT;",
        "c.chunk = p_chunk FOR UPDATE;",
        (f"{LOADERS}::test_a_chunk_is_staged_by_one_of_two_live_loaders",),
    ),
    Mutant(
        "rejects_of_lost_chunk_kept",
        "a chunk that a crash emptied has its rejects once",
        LOST,
        "AND v.chunk = ANY (v_lost)",
        "AND false",
        (f"{LOADERS}::test_a_chunk_that_a_crash_emptied_has_its_rejects_once",),
    ),
    Mutant(
        "rejects_of_restamp_kept",
        "a file that is staged again for a late one keeps its rejects once",
        CHUNKS,
        "keeps_rejects := NOT v_job.restamping;",
        "keeps_rejects := true;",
        (f"{RESTAMPS}::test_a_file_that_is_staged_again_keeps_its_rejects_once",),
    ),
    Mutant(
        "rejects_of_restamp_copied",
        "the loader does not write the rejects of a file that is staged again",
        "functions/pipeline/load/copy_chunk.py",
        "if block.rejects and claim.keeps_rejects:",
        "if block.rejects:",
        (f"{RESTAMPS}::test_a_file_that_is_staged_again_keeps_its_rejects_once",),
    ),
    Mutant(
        "chunk_staged_twice",
        "a chunk that is done is not staged again",
        CHUNKS,
        "WHEN v_chunk.done THEN 'done'",
        "WHEN false THEN 'done'",
        (f"{STAGE}::test_a_second_delivery_stages_nothing_and_sends_the_merge_again",),
    ),
    Mutant(
        "chunk_of_ended_job_staged",
        "a chunk of a job that has ended is not staged",
        CHUNKS,
        "WHEN v_job.state NOT IN ('LOADING', 'MERGING') AND NOT v_job.restamping THEN 'ended'",
        "WHEN false THEN 'ended'",
        (f"{STAGE}::test_a_missing_object_fails_its_job",),
    ),
    Mutant(
        "chunk_finished_after_end",
        "a loader that outlived its job commits nothing",
        CHUNKS,
        "IF v_job.state <> 'LOADING' AND NOT v_job.restamping THEN",
        "IF false THEN",
        (f"{ENDS}::test_a_loader_that_outlived_its_job_commits_nothing",),
    ),
    Mutant(
        "emptied_stage_unnoticed",
        "chunks that a crash of the server has emptied are staged again",
        LOST,
        "AND c.staged <> coalesce(s.records, 0)",
        "AND false",
        (f"{ENDS}::test_an_emptied_stage_is_staged_again",),
    ),
    Mutant(
        "records_counted_before_a_merge",
        "staged records are not read before they are merged",
        MERGE,
        "IF NOT waybill.finds_lost_records(p_job) THEN",
        "IF true THEN",
        (f"{EMPTIED}::test_staged_records_are_not_read_before_they_are_merged",),
    ),
    Mutant(
        "restamped_records_not_counted",
        "records that only stamp rows are counted",
        LOST,
        "coalesce(NOT p_job.restamping",
        "coalesce(true",
        (f"{EMPTIED}::test_a_job_whose_rows_are_only_stamped_is_counted_always",),
    ),
    Mutant(
        "late_records_not_counted",
        "records of a late file are counted before later ones are staged again for it",
        LOST,
        "AND NOT waybill.has_unstamped_later(p_job)",
        "AND true",
        (f"{EMPTIED}::test_a_late_file_is_counted_before_a_later_one_is_staged_again",),
    ),
    Mutant(
        "replacing_records_not_counted",
        "records that replace a table are counted before rows are deleted",
        LOST,
        "AND p_job.contract ->> 'write_disposition' <> 'replace'",
        "AND true",
        (f"{EMPTIED}::test_a_file_that_replaces_is_counted_before_anything_is_deleted",),
    ),
    Mutant(
        "job_failed_for_lost_records",
        "a job does not fail for an error that comes of lost records",
        "sql/routines/50_finish_merge.sql",
        "IF v_result.chunks <> '{}' THEN",
        "IF false THEN",
        (
            f"{EMPTIED}::test_a_merge_that_does_not_find_what_was_staged_is_undone_and_has_it_staged_again",
        ),
    ),
    Mutant(
        "trigger_sees_part_of_a_file",
        "records are counted before a trigger sees them",
        LOST,
        "waybill.has_triggers(t.relid)), false);",
        "false), false);",
        (f"{EMPTIED}::test_no_trigger_sees_part_of_a_file",),
    ),
    Mutant(
        "missing_records_superseded",
        "a merge that does not find all staged records has them staged again",
        LOST,
        "IF v_staged <> v_found THEN",
        "IF false THEN",
        (
            f"{EMPTIED}::test_a_merge_that_does_not_find_what_was_staged_is_undone_and_has_it_staged_again",
        ),
    ),
    Mutant(
        "missing_records_superseded_row_by_row",
        "one that writes row by row, and does not find all staged records, too",
        "sql/routines/48_write_row_by_row.sql",
        "    PERFORM waybill.assert_all_found(p_plan);\n",
        "",
        (f"{EMPTIED}::test_what_is_written_one_by_one_is_counted_before",),
    ),
    Mutant(
        "lost_chunks_named_once",
        "lost chunks are named again until they are staged",
        MERGE,
        "p_result.chunks := waybill.unstaged_chunks(p_job.job_id);",
        "p_result.chunks := '{}';",
        ("tests/sql/test_races.py::test_chunks_lost_in_a_crash_are_named_until_they_are_staged",),
    ),
    Mutant(
        "last_chunk_not_locked_against_cancel",
        "a job that is cancelled while its last chunk commits leaves no rejects",
        CHUNKS,
        "WHERE job_id = p_job FOR SHARE;",
        "WHERE job_id = p_job;",
        (f"{CANCEL}::test_a_job_cancelled_while_its_last_chunk_commits_leaves_no_rejects",),
    ),
    Mutant(
        "cancel_keeps_rejects",
        "a cancelled job leaves no rejects",
        "sql/routines/22_end_job.sql",
        "DELETE FROM waybill.validation_errors WHERE job_id = p_job;",
        "",
        (f"{CANCEL}::test_a_cancelled_job_leaves_no_rejects",),
    ),
    Mutant(
        "chunk_counts_unchecked",
        "a chunk whose counts do not add up is not finished",
        CHUNKS,
        "ELSIF p_read <> p_staged + p_rejected + p_filtered THEN",
        "ELSIF false THEN",
        (f"{CANCEL}::test_a_chunk_whose_counts_do_not_add_up_is_not_finished",),
    ),
)
