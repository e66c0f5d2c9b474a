"""Bring the receivers of notifications to what the files of `sql/receivers/` declare."""

from pathlib import Path

from waybill.database.notifications import Notifications
from waybill.database.queries import sql_folder
from waybill.database.repository import Connection, transaction
from waybill.database.scripts import become_owner
from waybill.errors import Conflict
from waybill.notifications.receivers import read_receivers


def apply_receivers(connection: Connection, folder: Path | None = None) -> list[str]:
    """Save the receivers that `folder` (default: `sql/`) declares, and no others; their names.

    Raises:
        Conflict: `receiver-invalid`.
    """
    receivers = read_receivers(folder or sql_folder())
    with transaction(connection):
        become_owner(connection)
        Notifications(connection).save_receivers(receivers)
    return sorted(receiver.name for receiver in receivers.values())


def check_receivers(connection: Connection) -> None:
    """Check that every receiver that a dataset or a source names is declared.

    Raises:
        Conflict: `receiver-missing`.
    """
    with transaction(connection):
        become_owner(connection)
        for missing in Notifications(connection).missing_receivers():
            detail = (
                f"{missing.named_by} notifies {missing.receiver}: there is no file"
                f" sql/receivers/{missing.receiver}.toml."
            )
            raise Conflict("receiver-missing", detail)
