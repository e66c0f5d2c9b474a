"""Archives, and files that differ from their tables, among loads and reverts."""

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.histories import run_histories
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
    before = PROVOKED.copy()
    run_histories(ArchiveMachine, dataset_template, 12)
    assert all(PROVOKED[each] > before[each] for each in PROMISED)
