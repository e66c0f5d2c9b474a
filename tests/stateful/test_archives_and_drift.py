"""Archives, and files that differ from their tables, among loads and reverts."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.postgres.databases import Database
from tests.stateful.archive_rules import PACKED
from tests.stateful.generators import PROVOKED, seconds, some_files
from tests.stateful.histories import run_histories
from tests.stateful.machine import Machine
from tests.stateful.tables import TABLES, Cells

_RARE = ("request_upload", "forget", "redrive", "pass_time", "overwrite", "land_corrupt_file",
         "batch", "replay", "upload", "land_again",
         "land_gauges", "change_while_folding", "fold", "give_up_fold")  # fmt: skip
PROMISED = ("archives", "drifted files, ignore", "drifted files, rescue", "drifted files, refuse")
_DRIFTING = {table.drift: name for name, table in TABLES.items() if table.partial}
"""A table of each policy."""


class _Begun(Machine):
    """Each history begins with what is promised, since chance alone leaves some of it out."""

    @initialize(file=some_files(PACKED, 2), second=seconds, renamed=st.booleans(), data=st.data())
    def take_every_step(
        self, file: tuple[str, tuple[Cells, ...]], second: int, renamed: bool, data: st.DataObject
    ) -> None:
        self.land_archive([file], second, spoils=False)
        for name in _DRIFTING.values():
            self.land_drifted(name, data, renamed)


# Without the rules that other histories are about.
ArchiveMachine = type("ArchiveMachine", (_Begun,), dict.fromkeys(_RARE))


def test_histories_with_archives_and_drift_end_as_the_model_predicts(
    dataset_template: Database,
) -> None:
    before = PROVOKED.copy()
    run_histories(ArchiveMachine, dataset_template, 12)
    assert [each for each in PROMISED if PROVOKED[each] == before[each]] == []
