"""The analytics queries."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from waybill.database.repository import Repository

Visibility = Literal["unknown", "open", "stale", "visible"]
MeanOver = Literal["hiring", "all"]


class QuarterPlace(NamedTuple):
    """A place in the order of the lines: names by code point, then ids."""

    department: str
    job: str
    department_id: int
    job_id: int


class QuarterLine(NamedTuple):
    """Hires of a department and job by quarter; None on the one line of a year without any."""

    as_of: datetime | None
    unassigned: int
    department: str | None
    job: str | None
    department_id: int | None
    job_id: int | None
    q1: int | None
    q2: int | None
    q3: int | None
    q4: int | None


class DepartmentLine(NamedTuple):
    """Hires of a department; None on the one line of a year in which no department is above."""

    as_of: datetime | None
    unassigned: int
    mean: float | None
    id: int | None
    department: str | None
    hired: int | None


class FiguresVersion(NamedTuple):
    """Changes when figures do; `as_of` is theirs in the same snapshot."""

    version: str
    as_of: datetime | None


class Analytics(Repository):
    """Figures of a year, each page in one statement and so in one snapshot."""

    def job_visibility(self, job_id: UUID) -> Visibility:
        """Whether the rows of an ingestion job are in the views."""
        visibility: Visibility = self._value(lambda value: value, "job_visibility", p_job=job_id)
        return visibility

    def figures_version(self, family: str, year: int) -> FiguresVersion:
        """The version of a family's figures of a year."""
        found = self._row(FiguresVersion, "figures_version", p_family=family, p_part=f"{year:04}")
        assert found is not None  # noqa: S101 - the family is declared in sql/views
        return found

    def by_quarter(self, year: int, *, limit: int, after: QuarterPlace | None) -> list[QuarterLine]:
        """Lines after a place, by department and job; at least one."""
        place = dict.fromkeys(QuarterPlace._fields) if after is None else after._asdict()
        return self._select(
            QuarterLine,
            "analytics.by_quarter",
            year=year,
            lines=limit,
            **{f"after_{name}": value for name, value in place.items()},
        )

    def above_average(
        self, year: int, *, mean_over: MeanOver, limit: int, after: tuple[int, int] | None
    ) -> list[DepartmentLine]:
        """Departments above the mean, after (hired, id), most hires first; at least one line."""
        hired, department_id = after or (None, None)
        return self._select(
            DepartmentLine,
            "analytics.above_average",
            year=year,
            mean_over=mean_over,
            lines=limit,
            after_hired=hired,
            after_id=department_id,
        )
