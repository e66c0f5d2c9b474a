"""Reads of personal data: what a caller may see of a dataset, and its entry in the audit log."""

import time
from typing import NamedTuple

from waybill.callers import Caller
from waybill.contract.model import Contract
from waybill.database.audit import Audit, PersonalRecords
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.http.access import may_read_personal
from waybill.http.app import Api
from waybill.http.persistent_connection import PersistentConnection

# Reads of a cached row are recorded once in this time for each caller and dataset: an entry for
# each would cost more than the read.
_COALESCED_SECONDS = 60.0
_MAX_REMEMBERED = 10_000


class View(NamedTuple):
    """A caller's view of a dataset."""

    caller: Caller
    masked: bool
    """Whether personal values are masked for the caller."""
    has_personal: bool
    """Whether the dataset may have personal columns."""

    @property
    def is_audited(self) -> bool:
        """Whether the caller sees personal values."""
        return self.has_personal and not self.masked


def view_of(api: Api, dataset: str, contract: Contract | None = None) -> View:
    """What the caller of the current request sees of the dataset.

    A published contract may be older than the table's, so who lacks the right gets the mask
    whatever it says. Without a contract only the database knows whether there is something to
    record.
    """
    masked = not may_read_personal(api.principal, dataset)
    return View(api.caller, masked, contract is None or bool(contract.personal))


class PersonalReads:
    """Records reads of personal data, before they happen."""

    def __init__(self, database: PersistentConnection) -> None:
        self._database = database
        self._recorded: dict[tuple[str, str | None, str], float] = {}

    def record(self, view: View, dataset: str, records: PersonalRecords) -> None:
        """Record the read, if the caller sees personal values.

        Raises:
            Unavailable: the database cannot be reached, so nothing may be read.
        """
        if not view.is_audited:
            return

        def record(connection: Connection) -> None:
            Session(connection).act_as(view.caller)
            Audit(connection).record_personal_read(dataset, records)

        self._database.run(record)

    def record_coalesced(self, view: View, dataset: str, records: PersonalRecords) -> None:
        """As `record`, once a minute for each caller and dataset.

        Raises:
            Unavailable: the database cannot be reached, so nothing may be read.
        """
        key = (view.caller.subject, view.caller.source, dataset)
        now = time.monotonic()
        if not view.is_audited or now - self._recorded.get(key, -_COALESCED_SECONDS) < (
            _COALESCED_SECONDS
        ):
            return
        self.record(view, dataset, records)
        if len(self._recorded) >= _MAX_REMEMBERED:
            self._recorded.clear()
        self._recorded[key] = now
