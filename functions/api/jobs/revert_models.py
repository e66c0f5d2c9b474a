"""Responses about reverted jobs."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class Revert(BaseModel):
    """The waybill of a revert; `rows` is the sum of the next five."""

    reverted_at: datetime
    rows: int = Field(description="Rows that the load inserted, updated, stamped or deleted.")
    removed: int = Field(description="Inserted rows that were removed.")
    restored: int = Field(description="Updated rows that are as before.")
    restamped: int = Field(
        description="Rows that the load found unchanged, and that have their earlier place in the"
        " landing order again."
    )
    reinserted: int = Field(description="Rows that a replacing file had deleted.")
    erased: int = Field(description="Rows of persons who were erased since.")
    withdrawn: int = Field(description="Pending records that were dropped; not rows.")


class RevertAccepted(BaseModel):
    """The load is being taken back; the job says when it is REVERTED, or has a `revert_error`."""

    job_id: UUID
    state: Literal["REVERTING"] = "REVERTING"


class JobReverted(BaseModel):
    """The load is taken back."""

    job_id: UUID
    state: Literal["REVERTED"] = "REVERTED"
    revert: Revert
