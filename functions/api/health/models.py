"""Response of the health endpoint."""

from typing import Literal

from pydantic import BaseModel, Field

Status = Literal["ok", "degraded", "down"]


class Check(BaseModel):
    """The result of one check; `not_checked` for the database unless the check is deep."""

    status: Literal["ok", "down", "not_checked"]
    latency_ms: float


class Health(BaseModel):
    """`ok`; `degraded`: uploads are accepted and load later; `down`: uploads fail.

    `checks` has `database`, `storage` and `queue`, and in the deep check `jobs` when open
    jobs have not moved for 15 minutes.
    """

    status: Status
    checks: dict[str, Check] = Field(examples=[{"database": {"status": "ok", "latency_ms": 1.9}}])
