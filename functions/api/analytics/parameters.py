"""The parameters of the analytics questions."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.analytics.answer import Format
from functions.api.analytics.departments_above_average import MeanOver
from functions.api.analytics.pages import JSON_LINES

Year = Annotated[int, Query(ge=1, le=9999, description="Year of the hires, in UTC.")]
Limit = Annotated[
    int | None,
    Query(ge=1, le=JSON_LINES, description="Lines of a page; all that fit when left out."),
]
After = Annotated[str | None, Query(alias="cursor", description="`next_cursor` of a page.")]
Kind = Annotated[Format, Query(alias="format", description="Format of the answer.")]
Over = Annotated[MeanOver, Query(description="Departments that the mean is over.")]
MinJob = Annotated[
    UUID | None,
    Query(description="Answer only once the figures include this job; 503 if that takes long."),
]
