"""Waybill's client: upload files, follow their jobs, read the rejects and the analytics.

::

    with Waybill("https://…/v1") as waybill:
        job = waybill.wait(waybill.upload("jobs", Path("jobs.csv")))
        print(job["waybill"])
"""

from waybill_client.client import Waybill
from waybill_client.errors import ProblemError, UnreachableError

__all__ = ["ProblemError", "UnreachableError", "Waybill"]
