"""Archives, and files that differ from their tables, among loads and reverts."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.machine import Machine

_RARE = ("request_upload", "forget", "redrive", "pass_time", "overwrite", "land_corrupt_file",
         "batch", "replay", "upload", "land_again",
         "land_gauges", "change_while_folding", "fold", "give_up_fold")  # fmt: skip
PROMISED = ("archives", "drifted files, ignore", "drifted files, rescue", "drifted files, refuse")
# Without the rules that other histories are about.
ArchiveMachine = type("ArchiveMachine", (Machine,), dict.fromkeys(_RARE))


def test_histories_with_archives_and_drift_end_as_the_model_predicts(
    dataset_template: Database,
) -> None:
    Machine.template = dataset_template
    before = PROVOKED.copy()
    run_state_machine_as_test(
        ArchiveMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert all(PROVOKED[each] > before[each] for each in PROMISED)
