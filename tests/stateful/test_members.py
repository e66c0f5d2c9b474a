"""Archives: rejects of all members replayed, members and archives cancelled and taken back."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.postgres.databases import Database
from tests.stateful.archive_rules import PACKED
from tests.stateful.faults import Fault
from tests.stateful.generators import PROVOKED, seconds, some_files
from tests.stateful.histories import run_histories
from tests.stateful.machine import Machine
from tests.stateful.model import File
from tests.stateful.tables import Cells

Packed = tuple[str, tuple[Cells, ...]]
"""A dataset's name, and records of a member."""

_RARE = ("request_upload", "forget", "redrive", "pass_time", "overwrite", "land_corrupt_file",
         "batch", "upload", "double", "lose", "fault", "resume", "reap",
         "land_again", "land_drifted", "refresh", "crash",
         "land_gauges", "change_while_folding", "fold", "give_up_fold")  # fmt: skip
PROMISED = ("archives", "archives replayed", "archives cancelled", "members cancelled",
            "members reverted")  # fmt: skip
_KILLED = ("archive replays killed after their file", "archive replays killed before their file")
_CALLS = 13
"""A replay has fewer until its file is written."""


class _Begun(Machine):
    """Each history begins with every step, since chance alone leaves some of them out."""

    @initialize(
        cancelled=some_files(PACKED, 2), file=some_files(PACKED, 2), second=seconds,
        unseen=st.booleans(), data=st.data(),
    )  # fmt: skip
    def take_every_step(
        self, cancelled: Packed, file: Packed, second: int, unseen: bool, data: st.DataObject
    ) -> None:
        archive, member = self._packed(cancelled, second, spoils=False)
        self.cancel_file(member)
        self.cancel_file(archive)
        self.cloud.settle()
        archive, _ = self._packed(file, second, spoils=True)
        self.cloud.settle()
        before = PROVOKED.copy()
        for call in range(_CALLS):
            self.replay_rejects(archive, 31, second, Fault(call, unseen), data)
            if any(PROVOKED[each] > before[each] for each in (*_KILLED, "archives replayed")):
                break
        self.replay_rejects(archive, 31, second, None, data)
        self.cloud.settle()
        _, member = self._packed(file, second, spoils=False)
        self.cloud.settle()
        self._revert(member, None)
        self.cloud.settle()
        self.take_reverts()

    def _packed(self, file: Packed, second: int, *, spoils: bool) -> tuple[File, File]:
        """An archive with one member."""
        self.land_archive([file], second, spoils=spoils)
        return self.files[-2], self.files[-1]


# Without the rules that other histories are about.
MemberMachine = type("MemberMachine", (_Begun,), dict.fromkeys(_RARE))


def test_histories_with_members_end_as_the_model_predicts(dataset_template: Database) -> None:
    before = PROVOKED.copy()
    run_histories(MemberMachine, dataset_template, 16)
    assert [each for each in PROMISED if PROVOKED[each] == before[each]] == []
    assert any(PROVOKED[each] > before[each] for each in _KILLED)
