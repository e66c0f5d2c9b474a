"""The refresh of materialised views, and the partitions made ahead of time."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from waybill.database.repository import Repository

RefreshOutcome = Literal["refreshed", "fresh", "busy"]


class StalePart(NamedTuple):
    """A part of a dataset whose views are refreshed together, e.g. `hired_employees`, `2021`."""

    dataset: str
    part: str


class FoldStep(NamedTuple):
    """A step of a fold, e.g. `copied`, of the partitions of `visits` in `2025`."""

    done: str
    dataset: str
    period: str


class Refreshes(Repository):
    """Views that are brought up to date part by part, in autocommit."""

    def limit_statements(self, seconds: float) -> None:
        """Limit every later statement, so that one that hangs releases its locks."""
        self._select_value("refresh.bound_time", milliseconds=int(seconds * 1000))

    def stale_parts(self) -> list[StalePart]:
        """Parts that changed since their refresh, longest waiting first.

        Those of a dataset of which a file is about to be merged are left out for a while.
        """
        return self._rows(StalePart, "stale_views")

    def wait_for_postponed(self) -> bool:
        """Wait, half a minute at most, for one that was left out; false if there is none.

        One caller waits at a time, and for the others there is none.
        """
        return self._value(bool, "wait_for_postponed")

    def refresh(self, part: StalePart) -> RefreshOutcome:
        """Refresh the views of one part; `busy` when another refresh of the dataset is running."""
        outcome: RefreshOutcome = self._value(
            lambda value: value, "refresh_part", p_dataset=part.dataset, p_part=part.part
        )
        return outcome

    def settled_jobs(self, job_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the jobs for which nothing is left to do, so that their markers may go."""
        settled: list[UUID] = self._values(lambda job: job, "settled_jobs", p_jobs=list(job_ids))
        return set(settled)

    def premake_partitions(self) -> int:
        """Create the missing upcoming partitions; their number.

        Raises:
            Busy: a load holds its table.
        """
        return self._value(int, "premake_partitions")

    def tables_to_analyse(self) -> list[str]:
        """Tables and partitions that loads have changed, those with the most changes first."""
        return self._values(str, "tables_to_analyse")

    def analyse(self, table: str) -> None:
        """Bring the planner's statistics of one of them up to date; one that is locked is left."""
        self._do("analyse_table", p_table=table)

    def fold_step(self) -> FoldStep | None:
        """Do the next step of making one partition of those of a past period; None if none is left.

        Raises:
            Busy: somebody holds the table.
        """
        return next((step for step in self._rows(FoldStep, "fold_step") if step.done), None)

    def give_up_fold(self) -> None:
        """Drop the copy of the fold whose step failed; it is tried again a day later."""
        self._do("give_up_fold")
