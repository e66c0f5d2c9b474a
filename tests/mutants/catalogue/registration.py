"""Objects become jobs, once and in order."""

from tests.mutants.mutant import Mutant

REGISTER = "sql/routines/21_register.sql"
ORDER = "sql/routines/20_landing_order.sql"
LANDING = "tests/sql/test_landing_order.py"
SECOND = "tests/sql/test_order_within_a_second.py"
RACES = "tests/sql/test_registration_races.py"

MUTANTS = (
    Mutant(
        "registration_lock_shared",
        "objects of one second that are registered at once have their places in order",
        ORDER,
        "RETURN pg_advisory_xact_lock(",
        "RETURN pg_advisory_xact_lock_shared(",
        (f"{RACES}::test_objects_registered_at_once_have_their_places_in_order",),
    ),
    Mutant(
        "registration_unlocked",
        "an object whose events are delivered at once has one job",
        REGISTER,
        "PERFORM waybill.lock_registration(p_dataset);",
        "NULL;",
        (f"{RACES}::test_an_object_registered_twice_at_once_is_one_job",),
    ),
    Mutant(
        "landed_upload_expired",
        "an upload that lands just before it is expired is loaded",
        "sql/routines/71_reap.sql",
        "WHERE job_id = ANY (p_jobs) AND state IN ('AWAITING_UPLOAD', 'EXTRACTING')",
        "WHERE job_id = ANY (p_jobs)",
        (f"{RACES}::test_an_upload_that_lands_before_it_is_expired_is_loaded",),
    ),
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
        "IF v_job.object_key IS NULL AND v_job.state NOT IN ('AWAITING_UPLOAD', 'EXTRACTING')",
        "IF false",
        ("tests/sql/test_job_ends.py::test_an_awaited_file_can_be_cancelled_and_is_then_ignored",),
    ),
    Mutant(
        "late_upload_ignored",
        "a file that lands after its upload expired is loaded",
        REGISTER,
        "AND (v_job.state <> 'EXPIRED' OR v_job.kind = 'replay')",
        "",
        (
            "tests/integration/reap/test_uploads.py"
            "::test_an_upload_that_never_arrived_expires_and_a_late_file_is_loaded",
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
    Mutant(
        "sequencer_ignored",
        "of two writes of a key within a second the later one counts",
        "sql/routines/21_register.sql",
        "waybill.padded_sequencer(p_sequencer);",
        "'';",
        (f"{SECOND}::test_overwrites_of_one_key_within_a_second_are_ordered_by_the_sequencer",),
    ),
    Mutant(
        "no_room_within_a_second",
        "keys that arrive in any order within a second are ordered by key",
        "sql/routines/20_landing_order.sql",
        "waybill.spread_open_jobs(p_dataset, p_landed_at, v_before, v_after));",
        "NULL::bigint);",
        (
            f"{SECOND}::test_objects_of_one_second_are_ordered_by_key_however_they_arrive",
            f"{SECOND}::test_objects_between_two_seconds_in_falling_order_stay_in_their_second",
            f"{SECOND}::test_objects_beside_merged_ones_find_room",
        ),
    ),
)
