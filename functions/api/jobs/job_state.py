"""The states of a job, as the API describes them."""

from typing import Literal

# Literals, because Powertools and OpenAPI need them; a test compares them with `waybill.states`.
State = Literal[
    "AWAITING_UPLOAD",
    "LANDED",
    "EXTRACTING",
    "LOADING",
    "MERGING",
    "COMPLETED",
    "COMPLETED_WITH_REJECTS",
    "FAILED",
    "CANCELLED",
    "DUPLICATE",
    "EXPIRED",
    "REVERTED",
    "REVERTING",
]
