"""Archives: rejects of all members replayed, members and archives cancelled and taken back."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.machine import Machine

_RARE = ("request_upload", "forget", "redrive", "pass_time", "overwrite", "land_corrupt_file",
         "batch", "upload", "double", "lose", "fault", "resume", "reap",
         "land_again", "land_drifted", "refresh", "crash",
         "land_gauges", "change_while_folding", "fold", "give_up_fold")  # fmt: skip
PROMISED = ("archives", "archives replayed", "archives cancelled", "members cancelled",
            "members reverted")  # fmt: skip
_KILLED = ("archive replays killed after their file", "archive replays killed before their file")
# Without the rules that other histories are about.
MemberMachine = type("MemberMachine", (Machine,), dict.fromkeys(_RARE))


def test_histories_with_members_end_as_the_model_predicts(dataset_template: Database) -> None:
    Machine.template = dataset_template
    before = PROVOKED.copy()
    run_state_machine_as_test(
        MemberMachine,
        settings=settings(
            max_examples=16,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert [each for each in PROMISED if PROVOKED[each] == before[each]] == []
    assert any(PROVOKED[each] > before[each] for each in _KILLED)
