"""Erasures of persons, and what was written before them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from waybill.database.repository import Repository


class _Erased(NamedTuple):
    copy_id: UUID
    written_before: datetime


class Erasures(Repository):
    """When persons were erased."""

    def newest(self) -> datetime | None:
        """The time of the newest erasure, of any dataset, and a minute more; None without one."""
        found: datetime | None = self._optional(lambda time: time, "newest_erasure")
        return found

    def erased_copies(self, ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
        """Of these jobs and exports, those whose files may hold an erased person if older."""
        return {
            each.copy_id: each.written_before
            for each in self._rows(_Erased, "erased_copies", p_ids=list(ids))
        }
