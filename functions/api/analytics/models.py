"""Parameters and responses of the analytics endpoints."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from waybill.database.analytics import MeanOver

JSON_LIMIT = 1000
# A table holds a whole year if it fits into Lambda's 6 MB response.
TABLE_LIMIT = 20_000

YearParam = Annotated[int, Query(ge=1, le=9999, description="Year of the hires, in UTC.")]
LimitParam = Annotated[
    int | None,
    Query(ge=1, le=JSON_LIMIT, description="Lines per page; default: as many as fit."),
]
MeanOverParam = Annotated[
    MeanOver,
    Query(description="Mean over the departments that hired in the year, or over all."),
]
MinJobParam = Annotated[
    UUID | None,
    Query(description="Wait until the figures include this job; 503 if that takes too long."),
]
AS_OF = Field(
    description="The figures include everything committed by then; null before the first refresh."
)


class QuarterItem(BaseModel):
    """The hires of one department and job."""

    department: str
    job: str
    q1: int
    q2: int
    q3: int
    q4: int


class HiresByQuarter(BaseModel):
    """Hires of the year that have a department and a job."""

    items: list[QuarterItem]
    next_cursor: str | None
    as_of: datetime | None = AS_OF
    unassigned: int = Field(description="Hires of the year without a department or a job.")


class HiredItem(BaseModel):
    """The hires of one department."""

    id: int
    department: str
    hired: int


class DepartmentsAboveAverage(BaseModel):
    """The departments above the mean, and the mean."""

    items: list[HiredItem]
    next_cursor: str | None
    mean: float | None = Field(description="Hires per department; null in a year without hires.")
    as_of: datetime | None = AS_OF
    unassigned: int = Field(description="Hires of the year without a department.")


Figures = HiresByQuarter | DepartmentsAboveAverage
