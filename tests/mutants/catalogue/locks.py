"""A merge excludes others while it works, and does not wait while holding a connection."""

from tests.mutants.mutant import Mutant

MERGE = "sql/routines/52_merge_job.sql"
RACES = "tests/sql/test_merge_races.py"

MUTANTS = (
    Mutant(
        "table_unlocked",
        "a row that is written during a merge is not there twice",
        "sql/routines/49_outcome.sql",
        "EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', v_table);",
        "NULL;",
        (f"{RACES}::test_a_row_that_is_written_during_a_merge_is_not_there_twice",),
    ),
    Mutant(
        "children_unlocked",
        "a merge that deletes parents does not wait for their children's merge while it holds them",
        "sql/routines/49_outcome.sql",
        "EXECUTE format('LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE', v_table);",
        "NULL;",
        (f"{RACES}::test_parents_are_not_deleted_while_children_are_merged",),
    ),
    Mutant(
        "merged_job_unlocked",
        "nothing of a job that is being cancelled is merged",
        MERGE,
        "WHERE job_id = p_job FOR UPDATE NOWAIT;",
        "WHERE job_id = p_job;",
        (f"{RACES}::test_a_merge_beside_a_cancellation_makes_nothing_visible",),
    ),
    Mutant(
        "merges_of_a_dataset_wait",
        "a second merge of a dataset comes back later, rather than waiting with a connection",
        MERGE,
        "IF NOT pg_try_advisory_xact_lock(hashtextextended('waybill.merge.'",
        "IF NOT pg_try_advisory_xact_lock_shared(hashtextextended('waybill.merge.'",
        (f"{RACES}::test_a_second_merge_of_a_dataset_does_not_wait_with_a_connection",),
    ),
    Mutant(
        "running_merge_not_cancelled",
        "a merge that takes long can be cancelled",
        "sql/routines/22_end_job.sql",
        "PERFORM waybill.cancel_merge(p_job);",
        "NULL;",
        (
            "tests/sql/test_races.py::test_a_job_is_cancelled_while_it_is_merged",
            "tests/unit/jobs/test_cancel.py::test_a_job_is_cancelled_while_its_merge_runs",
        ),
    ),
)
