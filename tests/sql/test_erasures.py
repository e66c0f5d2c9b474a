"""The waybill of a file that is open while a person of it is erased."""

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

REJECT = (
    "INSERT INTO waybill.validation_errors (job_id, chunk, line, raw, errors)"
    " VALUES (%s, 0, %s, convert_to(%s, 'UTF8'), '[]')"
)


def test_rejects_that_were_erased_before_the_merge_count_as_erased(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, name text)", ", personal => '{name}'")
    job = ledger.land("t", 1)
    ledger.stage(job, "t", [(2, "Bob")])
    ledger.admin.execute("SET ROLE waybill_owner")
    # Two lines that could not be read; one of them has the key of the person.
    for line, raw in ((2, "1;Ada"), (3, "too few")):
        ledger.admin.execute(REJECT, (job, line, raw))
    ledger.admin.execute(
        "UPDATE waybill.chunks SET read = 3, rejected = 2 WHERE job_id = %s", (job,)
    )
    ((erased,),) = ledger.rows("""SELECT waybill.erase_person('t', '["1"]')""")
    assert erased["rejects"] == 1
    ledger.merge(job)
    assert ledger.rows(
        "SELECT read, inserted, rejected, erased, state FROM waybill.ingestion_jobs"
        " WHERE job_id = %s",
        job,
    ) == [(3, 1, 1, 1, "COMPLETED_WITH_REJECTS")]
    assert [line for line, _, _ in ledger.rejects(job)] == [3]
