"""The cheapest round trip."""

from waybill.database.repository import Repository


class Health(Repository):
    """Whether the database responds."""

    def ping(self) -> None:
        """Run a statement that reads nothing.

        Raises:
            Unavailable: the database does not respond.
        """
        self._select_value("health.ping")
