"""Files with the content of the file before them."""

from tests.mutants.mutant import Mutant

CONTENT = "sql/routines/78_same_content.sql"
DUPLICATES = "tests/integration/path/test_duplicates.py"
CHANGES = "tests/integration/path/test_changes_before_duplicates.py"
CHANGED = f"{CHANGES}::test_rows_that_somebody_else_changed_are_loaded_again"

MUTANTS = (
    Mutant(
        "duplicate_of_changed_rows",
        "a file is loaded again if somebody changed rows since",
        CONTENT,
        "AND NOT EXISTS (SELECT FROM waybill.table_changes AS t WHERE t.dataset = c.dataset)",
        "AND true",
        (CHANGED,),
    ),
    Mutant(
        "duplicate_without_partition",
        "a file is loaded again if a partition is gone",
        CONTENT,
        "AND c.filenodes <@ waybill.filenodes_of(d.target)",
        "AND true",
        (CHANGED,),
    ),
    Mutant(
        "duplicate_behind_another_file",
        "a file is loaded again if another file landed between",
        CONTENT,
        "OR waybill.landed_between(v_file, p_job)",
        "OR false",
        (f"{CHANGES}::test_the_content_of_a_late_file_is_loaded_behind_what_landed_after_it",),
    ),
    Mutant(
        "duplicate_not_staged_for_late_file",
        "a late file does not change the rows of a duplicate behind it",
        "sql/routines/54_restamp.sql",
        "AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS', 'DUPLICATE')\n"
        "            AND NOT j.stamped\n            -- Only",
        "AND j.state IN ('COMPLETED', 'COMPLETED_WITH_REJECTS')\n"
        "            AND NOT j.stamped\n            -- Only",
        (f"{CHANGES}::test_a_file_that_lands_between_the_two_and_comes_late_changes_nothing",),
    ),
    Mutant(
        "duplicate_of_records_the_database_rejected",
        "records that the database rejected are tried again",
        CONTENT,
        "AND p_job.rejected = coalesce(sum(c.rejected), 0)",
        "AND true",
        (f"{DUPLICATES}::test_records_that_the_database_rejected_are_tried_again",),
    ),
    Mutant(
        "duplicate_of_pending_records",
        "a file with pending records has no duplicates",
        CONTENT,
        "OR waybill.stamp_unchanged(p_job)",
        "OR false",
        (f"{DUPLICATES}::test_pending_records_are_loaded_before_a_file_counts_as_loaded",),
    ),
    Mutant(
        "duplicate_under_another_contract",
        "a file is loaded again if the contract has changed",
        CONTENT,
        "OR v_file.contract IS DISTINCT FROM waybill.contract_of_job(p_job.job_id)",
        "OR false",
        (f"{CHANGES}::test_the_same_content_with_the_rules_of_a_source_is_loaded",),
    ),
)
