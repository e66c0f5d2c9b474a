"""Major upgrades of the server."""

from waybill.database.repository import Repository


class Upgrades(Repository):
    """What the administrator does before one."""

    def prepare(self) -> None:
        """Revoke what Aurora's check before an upgrade refuses; the next migration grants it."""
        self._do("prepare_upgrade")
