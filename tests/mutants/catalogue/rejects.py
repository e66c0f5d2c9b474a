"""Rejects: kept once, replayed once, freed when a replay does not load them."""

from tests.mutants.mutant import Mutant

REPLAY = "sql/routines/59_replay.sql"
ARCHIVE_REPLAY = "sql/routines/591_archive_replays.sql"
OF_ARCHIVES = "tests/integration/replay/test_archive_replays.py"
REPLAYS = "tests/sql/test_replays.py"
RACES = "tests/sql/test_registration_races.py"
USUAL_TIMES = "layers/core/python/waybill/columns/usual_times.py"
AS_PATTERNS = "tests/unit/columns/test_usual_times.py::test_the_result_is_that_of_patterns_alone"

MUTANTS = (
    Mutant(
        "rejects_stored_by_kind",
        "rejects are stored in the order of the file",
        "functions/pipeline/load/encode_chunk.py",
        "for batch in by_line(self._encryptor.rejects(result)):",
        "for batch in self._encryptor.rejects(result):",
        (
            "tests/integration/load/test_stage_chunk.py"
            "::test_rejects_of_every_kind_are_stored_in_the_order_of_the_file",
        ),
    ),
    Mutant(
        "rejects_stranded",
        "a replay that ends without loading frees its rejects",
        "sql/routines/22_end_job.sql",
        "UPDATE waybill.validation_errors SET replayed_by = NULL WHERE replayed_by = p_job.job_id;",
        "",
        (f"{REPLAYS}::test_replay_that_ends_without_loading_frees_its_rejects",),
    ),
    Mutant(
        "reject_replayed_twice",
        "a reject is replayed once, also when two replays take it at once",
        REPLAY,
        "    ORDER BY v.job_id, v.line, v.reject_id\n    FOR UPDATE;",
        "    ORDER BY v.job_id, v.line, v.reject_id;",
        (f"{RACES}::test_a_reject_is_replayed_once_when_two_replays_take_it_at_once",),
    ),
    Mutant(
        "taken_reject_replayed",
        "a reject that is being replayed cannot be replayed",
        REPLAY,
        "\n            AND v.replayed_by IS NULL);",
        ");",
        (f"{RACES}::test_a_reject_is_replayed_once_when_two_replays_take_it_at_once",),
    ),
    Mutant(
        "replays_at_once_in_any_order",
        "of two replays that are requested at once the second counts",
        REPLAY,
        "PERFORM waybill.lock_registration(p_parent.dataset);",
        "NULL;",
        (f"{RACES}::test_of_two_concurrent_replays_the_second_lands_later",),
    ),
    Mutant(
        "replays_in_any_order",
        "of two replays of a file the one that was requested last counts",
        REPLAY,
        "least(coalesce(v_last_replay, v_place) + 1,",
        "least(v_place + 1,",
        (f"{REPLAYS}::test_of_two_replays_of_a_file_the_last_requested_wins",),
    ),
    Mutant(
        "replay_beside_its_file",
        "pending records of a file do not undo its replay",
        REPLAY,
        "least(coalesce(v_last_replay, v_place) + 1,",
        "least(coalesce(v_last_replay, v_place),",
        (f"{REPLAYS}::test_a_pending_record_of_the_file_does_not_undo_its_replay",),
    ),
    Mutant(
        "rejects_of_failed_replay_counted",
        "rejects of a replay that failed remain once",
        ARCHIVE_REPLAY,
        "WHERE j.state NOT IN ('FAILED', 'CANCELLED', 'EXPIRED', 'REVERTED')",
        "WHERE true",
        (f"{REPLAYS}::test_rejects_of_a_failed_replay_remain_once",),
    ),
    Mutant(
        "member_replays_at_the_end",
        "a replay of a member's rejects counts at the place of the member",
        ARCHIVE_REPLAY,
        "member_job_id, effective_order = v_replayed.effective_order",
        "member_job_id",
        (f"{OF_ARCHIVES}::test_the_csv_of_an_archive_is_corrected_and_replayed_until_none_remain",),
    ),
    Mutant(
        "member_replays_in_any_order",
        "of two replays of a member the one that was requested last counts",
        REPLAY,
        "WHERE j.dataset = p_parent.dataset AND r.effective_order > v_place",
        "WHERE false",
        (f"{OF_ARCHIVES}::test_of_two_replays_of_a_member_the_last_requested_counts",),
    ),
    Mutant(
        "member_replays_strand_rejects",
        "the rejects of a member's replay that is not loaded remain",
        ARCHIVE_REPLAY,
        "SET replayed_by = p_member.job_id",
        "SET replayed_by = p_member.archive_job_id",
        (f"{OF_ARCHIVES}::test_the_rejects_of_a_member_that_was_not_loaded_remain",),
    ),
    Mutant(
        "hours_unlimited",
        "a time that its pattern refuses is refused in any block",
        USUAL_TIMES,
        "_LAST_HOUR = 23",
        "_LAST_HOUR = 29",
        (f"{AS_PATTERNS}[timestamptz]",),
    ),
    Mutant(
        "days_unlimited",
        "a day that its month does not have is refused in any block",
        USUAL_TIMES,
        "(day > 0) & (day <= _DAYS[month])",
        "(day > 0) & (day <= _DAYS.max())",
        (f"{AS_PATTERNS}[date]",),
    ),
)
