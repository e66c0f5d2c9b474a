"""Figures of the database that metrics show."""

from typing import NamedTuple

from waybill.database.repository import Repository


class Figure(NamedTuple):
    """The value of a metric (`waybill.metrics.catalogue`) for some labels."""

    metric: str
    labels: list[str]
    value: float


class Figures(Repository):
    """How much there is, and how far behind."""

    def read(self, stuck_minutes: int) -> list[Figure]:
        """All figures; a job counts as stuck after so many minutes without success."""
        return self._rows(Figure, "database_figures", p_stuck_minutes=stuck_minutes)
