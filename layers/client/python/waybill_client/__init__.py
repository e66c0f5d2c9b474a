"""Waybill's client: upload files, follow their jobs, read the rejects and the analytics.

::

    with Waybill("https://…/v1") as waybill:
        job = waybill.wait(waybill.upload("jobs", Path("jobs.csv")))
        print(job["waybill"])
"""

from waybill_client.async_client import AsyncWaybill
from waybill_client.client import Waybill
from waybill_client.errors import ProblemError, UnreachableError
from waybill_client.rows import Rows

__all__ = ["AsyncWaybill", "ProblemError", "Rows", "UnreachableError", "Waybill"]
