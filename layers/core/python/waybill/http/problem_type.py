"""A problem type as the API's documentation shows it."""

from typing import NamedTuple


class ProblemType(NamedTuple):
    """A short title, and what the problem means for the client."""

    title: str
    meaning: str
