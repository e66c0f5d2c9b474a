"""Calls of the API that write: batches, replays, and uploads with a ticket."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.api.batch.deps import deps as batch_deps
from functions.api.batch.handler import handle as handle_batch
from functions.api.jobs.deps import deps as jobs_deps
from functions.api.jobs.handler import handle as handle_jobs
from tests.postgres.databases import Connection
from tests.stateful.fake_cloud import LANDING, STATE, FakeCloud, at
from tests.stateful.faults import Fault, Process
from tests.stateful.tables import Cells, Table
from tests.unit.http.api_client import ApiResponse, Handle, call
from waybill.contract.model import Contract
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

_API = "api"
_IN_FLIGHT = 409
_PATIENCE_SECONDS = 120.0


@dataclass
class ApiClient:
    """A client of one fake cloud; contracts are published first."""

    cloud: FakeCloud
    admin: Connection

    def __post_init__(self) -> None:
        self._forget()
        s3: Any = self.cloud.s3
        names = self.admin.execute("SELECT waybill.dataset_names()").fetchall()
        for (name,) in names:
            found = self.admin.execute("SELECT waybill.contract(%s)", (name,)).fetchone()
            assert found
            StateBucket(s3, STATE).contracts.publish(Contract.model_validate(found[0]))

    def close(self) -> None:
        for deps in (batch_deps, jobs_deps):
            if deps.cache_info().currsize:
                deps().database.close()
        self._forget()

    def request_upload(self, table: Table, second: int, *, size: int = 1, dry: bool = False) -> str:
        """An upload is requested; its job's id."""
        job = new_id()
        ticket = Ticket(
            job_id=job,
            dataset=table.name,
            filename="file.csv",
            size_bytes=size,
            dry_run=dry,
            created_at=at(second),
            expires_at=at(second),
            bucket=LANDING,
            key=key_for(table.name, job, "file.csv"),
        )
        s3: Any = self.cloud.s3
        StateBucket(s3, STATE).tickets.put(ticket)
        return str(job)

    def upload(
        self, table: Table, body: bytes, second: int, *, dry: bool, late: bool = False
    ) -> tuple[str, str]:
        """A file whose upload was requested, and has expired if it is late; key and version."""
        job = self.request_upload(table, second, size=len(body), dry=dry)
        if late:
            self.cloud.deliver_ticket(job, second)
            self.cloud.let_uploads_expire()
        return self.cloud.land(table.name, f"{job}/file.csv", body, second)

    def batch(
        self, table: Table, records: Sequence[Cells], mode: str, key: str, fault: Fault | None
    ) -> ApiResponse | None:
        """Send a batch; None when the function died on it."""
        body = {"rows": [table.fields(cells) for cells in records], "mode": mode}
        headers = {"Idempotency-Key": key}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            response = self._ask(handle_batch, f"/batch/{table.name}", body, headers, fault)
            # The backend of a function that died takes a moment to notice.
            if response is None or response.status != _IN_FLIGHT or time.monotonic() > deadline:
                return response
            time.sleep(0.01)

    def replay(
        self, job_id: str, rows: Sequence[Mapping[str, object]], fault: Fault | None = None
    ) -> ApiResponse | None:
        """Send corrected rejects of a job back; None when the function died on it."""
        return self._ask(handle_jobs, f"/jobs/{job_id}/replay", {"rows": rows}, {}, fault)

    def revert(self, job_id: str, fault: Fault | None = None) -> ApiResponse | None:
        """Request that a load is taken back; None when the function died on it."""
        return self._ask(handle_jobs, f"/jobs/{job_id}/revert?wait=0", None, {}, fault)

    def _ask(
        self,
        handle: Handle,
        target: str,
        body: object,
        headers: Mapping[str, str],
        fault: Fault | None,
    ) -> ApiResponse | None:
        process = Process(fault)
        received: list[ApiResponse] = []
        with self.cloud.acting(_API):
            process.start(lambda: received.append(call(handle, "POST", target, body, headers)))
        assert process.failed is None, process.failed
        return received[0] if received else None

    @staticmethod
    def _forget() -> None:
        batch_deps.cache_clear()
        jobs_deps.cache_clear()


def errors_of(response: ApiResponse) -> list[tuple[int, str]]:
    """Row and code of each thing that was wrong with a batch."""
    return [(error["row"], error["code"]) for error in json.loads(response.text)["errors"]]
