"""Whether the database responds, and whether jobs make progress."""

from waybill.database.repository import Repository


class Health(Repository):
    """Whether the database responds."""

    def ping(self) -> None:
        """Run a statement that reads nothing.

        Raises:
            Unavailable: the database does not respond.
        """
        self._select_value("health.ping")

    def count_stuck_jobs(self, minutes: int) -> int:
        """The number of open jobs in which nothing has succeeded for so many minutes."""
        return self._value(int, "count_stuck_jobs", p_minutes=minutes)
