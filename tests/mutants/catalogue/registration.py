"""Objects become jobs, once and in order."""

from tests.mutants.mutant import Mutant

REGISTER = "sql/routines/21_register.sql"
LANDING = "tests/sql/test_landing_order.py"

MUTANTS = (
    Mutant(
        "object_registered_twice",
        "an object whose event is delivered twice has one job",
        REGISTER,
        "AND j.version_id = c_version;",
        "AND false;",
        (f"{LANDING}::test_an_object_is_registered_once",),
    ),
    Mutant(
        "cancelled_upload_loads",
        "the file of a cancelled upload is ignored",
        REGISTER,
        "IF v_job.object_key IS NULL AND v_job.state <> 'AWAITING_UPLOAD'",
        "IF false",
        (
            "tests/sql/test_job_ends.py"
            "::test_an_awaited_file_can_be_cancelled_and_is_ignored_when_it_comes",
        ),
    ),
    Mutant(
        "late_upload_ignored",
        "a file that lands after its upload expired is loaded",
        REGISTER,
        "AND (v_job.state <> 'EXPIRED' OR v_job.kind = 'replay')",
        "",
        (
            "tests/integration/reap/test_uploads.py"
            "::test_an_upload_that_never_came_expires_and_a_late_file_is_loaded",
        ),
    ),
    Mutant(
        "expired_replay_loads",
        "an expired replay stays expired, since its rejects may have been replayed again",
        REGISTER,
        "AND (v_job.state <> 'EXPIRED' OR v_job.kind = 'replay')",
        "AND v_job.state <> 'EXPIRED'",
        ("tests/sql/test_replays.py::test_file_of_an_expired_replay_is_ignored",),
    ),
)
