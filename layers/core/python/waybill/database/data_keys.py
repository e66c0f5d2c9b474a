"""Data keys of encrypted rejects, and the rejects that only a function can read."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.encryption import DataKey


class _KeyOfReject(NamedTuple):
    reject_id: UUID
    data_key: UUID
    job_id: UUID
    dataset: str
    encrypted: bytes


class Person(NamedTuple):
    """What tells a person from others in a text."""

    words: list[str]
    """The parts of the natural key."""
    personal_values: list[str]
    """Personal values of the row, long enough to mean nobody else."""


class UnreadableReject(NamedTuple):
    """An encrypted reject whose record could not be split into columns."""

    job_id: UUID
    line: int
    reject_id: UUID
    raw: bytes
    """Encrypted."""
    data_key: UUID
    encrypted: bytes
    """The data key."""


class DataKeys(Repository):
    """Keys as they are stored, and what they encrypt."""

    def add(self, key: DataKey) -> None:
        """Store the key, in the transaction that stores its texts."""
        self._do(
            "add_data_key",
            p_data_key=key.data_key,
            p_job=key.job_id,
            p_dataset=key.dataset,
            p_encrypted=key.encrypted,
        )

    def of_rejects(self, job_id: UUID, reject_ids: Sequence[UUID]) -> dict[UUID, DataKey]:
        """The data key of each encrypted one among these rejects, by reject."""
        rows = self._rows(_KeyOfReject, "data_keys_of", p_job=job_id, p_reject_ids=list(reject_ids))
        return {row.reject_id: DataKey(*row[1:]) for row in rows}

    def find_person(self, dataset: str, key: Sequence[str]) -> Person:
        """The person with this natural key; merges wait until the transaction ends.

        Raises:
            Rejected: `unknown-dataset`.
            NotFound: `unknown-person`, the dataset cannot have the key.
            Busy: a load of the dataset is in progress.
        """
        person = self._row(Person, "find_person", p_dataset=dataset, p_key=jsonb(list(key)))
        assert person is not None  # noqa: S101 - the routine returns one row
        return person

    def list_unreadable(
        self, dataset: str, after: UnreadableReject | None, max_bytes: int
    ) -> list[UnreadableReject]:
        """Encrypted rejects without a readable key, after one; cut where they pass `max_bytes`."""
        job_id, line, reject_id = after[:3] if after else (None, None, None)
        return self._rows(
            UnreadableReject,
            "list_unreadable",
            p_dataset=dataset,
            p_job=job_id,
            p_line=line,
            p_reject_id=reject_id,
            p_bytes=max_bytes,
        )

    def erase(self, dataset: str, reject_ids: Sequence[UUID]) -> None:
        """Delete encrypted rejects of a person, who is erased next in the transaction."""
        self._do("erase_encrypted", p_dataset=dataset, p_reject_ids=list(reject_ids))
