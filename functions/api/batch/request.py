"""What a client sends to the batch door."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_ROWS = 1000


class BatchRequest(BaseModel):
    """Rows of one dataset; each is an object as `GET /datasets/{name}` describes it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"rows": [{"column": "value"}]}]},
    )

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_ROWS)]
    mode: Literal["atomic", "partial"] = Field(
        default="atomic",
        description="All rows or none; or the good ones, the rest as rejects of the job.",
    )
    table: str | None = Field(default=None, description="The dataset again, if given at all.")
