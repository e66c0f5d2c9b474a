"""Why a source could not be read is one of the problem types, and is shown with its detail."""

import pytest

from functions.pipeline.extract.source_error import _TITLES, SourceError
from waybill.http.problem_types import PROBLEM_TYPES, SOURCES


@pytest.mark.parametrize("reason", _TITLES)
def test_every_reason_is_a_problem_type(reason: str) -> None:
    assert SOURCES[f"source-{reason}"].title == _TITLES[reason]  # type: ignore[index]


def test_the_problem_types_of_sources_are_those_of_runs() -> None:
    assert {*(f"source-{reason}" for reason in _TITLES), "extraction-lost"} == SOURCES.keys()
    assert SOURCES.items() <= PROBLEM_TYPES.items()


def test_the_detail_is_that_of_the_error() -> None:
    problem = SourceError("refused", "s3://other/x.csv cannot be read.").problem
    assert problem["detail"] == "s3://other/x.csv cannot be read."
