"""Rules for what comes through the API."""

from http import HTTPStatus
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.postgres.databases import Connection
from tests.stateful.api_client import ApiClient, errors_of
from tests.stateful.fake_cloud import LANDING, FakeCloud, at
from tests.stateful.faults import Fault
from tests.stateful.generators import (
    PROVOKED,
    names,
    places,
    seconds,
    some_files,
    some_records,
)
from tests.stateful.model import File, body_of, read_of
from tests.stateful.tables import TABLES, Cells, Table
from tests.unit.http.api_client import ApiResponse

_replay_faults = st.one_of(
    st.none(), st.none(), st.builds(Fault, st.integers(0, 20), st.booleans())
)
_faults = st.one_of(st.none(), st.builds(Fault, st.integers(0, 16), st.booleans()))

_some = st.integers(1, 7)
"""Which of several: its bits choose."""


class ApiRules(RuleBasedStateMachine):
    """Uploads with a ticket, batches and replays."""

    cloud: FakeCloud
    admin: Connection
    api: ApiClient
    files: list[File]

    def take_reverts(self) -> None:
        """Learn what became of the reverts that were requested."""
        raise NotImplementedError

    def second_of(self, table: Table, second: int) -> int:
        """When a file lands; those of a partial table land, and are registered, one by one.

        A row has one place in the order, not one for each column, so the row of a fuller file
        that arrives late is superseded.
        """
        return 10 + len(self.files) if table.partial else second

    def register(self, table: Table) -> None:
        """Deliver the event of a partial table's file that has just landed."""
        if table.partial:
            self.cloud.deliver("landed", len(self.cloud.queues["landed"]) - 1)

    @rule(name=names, second=seconds)
    def request_upload(self, name: str, second: int) -> None:
        """An upload is requested, and its file never comes."""
        PROVOKED["uploads without a file"] += 1
        self.api.request_upload(TABLES[name], second)

    @rule(file=some_files(alike=True), second=seconds, dry=st.booleans(), late=st.booleans())
    def upload(
        self, file: tuple[str, tuple[Cells, ...]], second: int, dry: bool, late: bool
    ) -> None:
        table, records = TABLES[file[0]], file[1]
        if table.partial and self.cloud.suspended:
            return
        body, second = body_of(table, records, header=True), self.second_of(table, second)
        key, version = self.api.upload(table, body, second, dry=dry, late=late)
        self.register(table)
        PROVOKED["files after their upload expired"] += late
        self.files.append(File(table, second, key, version, read_of(records), dry=dry))
        PROVOKED["dry runs" if dry else "uploads"] += 1

    @rule(file=some_files(least=1), second=seconds, atomic=st.booleans(), fault=_faults)
    def batch(
        self,
        file: tuple[str, tuple[Cells, ...]],
        second: int,
        atomic: bool,
        fault: Fault | None,
    ) -> None:
        table, records = TABLES[file[0]], file[1]
        if table.partial:
            # The rows of one key count one by one, also those that wait for a parent.
            records = tuple({cells[0]: cells for cells in records}.values())
        second = self.second_of(table, second)
        self.admin.execute("UPDATE waybill.batch_clock SET at = %s", (at(second),))
        mode, key = "atomic" if atomic else "partial", f"key {len(self.files)}"
        call = (table, records, mode, f"{key} {PROVOKED['batches requested']}")
        PROVOKED["batches requested"] += 1
        faulty = fault is not None
        response = self.api.batch(*call, fault)
        if faulty:
            # Whoever was not response sends it again, and so does whoever is not sure.
            first, response = response, self.api.batch(*call, None)
            PROVOKED["batches faulty"] += first is None
            if first and first.status == HTTPStatus.OK:
                assert response
                assert response.json() == first.json()
        assert response
        self._take_batch(table, records, second, atomic, response)

    def _take_batch(
        self,
        table: Table,
        records: tuple[Cells, ...],
        second: int,
        atomic: bool,
        response: ApiResponse,
    ) -> None:
        PROVOKED[f"batches response {response.status}"] += 1
        if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return
        bad = {place for place, cells in table.kept(records) if not table.accepts(cells)}
        if response.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            assert atomic, response
            assert all(
                place in bad or code in ("unknown_reference", "duplicate_key")
                for place, code in errors_of(response)
            ), response
            return
        assert response.status == HTTPStatus.OK, response
        published = response.json()
        assert not (atomic and (bad or published["errors"])), response
        assert published["waybill"]["read"] == len(records)
        rejected = published["waybill"]["rejected"]
        assert rejected >= len(bad) if table.insert_only else rejected == len(bad)
        key = f"batch/{published['job_id']}"
        self.files.append(File(table, second, key, "", records, is_batch=True))

    @rule(place=places, some=_some, waits=st.booleans(), second=seconds, data=st.data())
    @precondition(lambda self: any(may_be_replayed(file) for file in self.files))
    def replay(self, place: int, some: int, waits: bool, second: int, data: st.DataObject) -> None:
        """Correct some of the rejects that remain of a file; not all of them well."""
        wrong = [file for file in self.files if may_be_replayed(file)]
        parent = wrong[place % len(wrong)]
        if waits:
            self.cloud.settle()
        self.take_reverts()
        job, ended, rejects = self._rejects(parent)
        chosen = [reject for place, reject in enumerate(rejects) if some >> place & 1]
        if not chosen:
            return
        given = data.draw(some_records(parent.table, len(chosen), len(chosen)))
        rows = [
            {"_reject_id": reject, **parent.table.fields(cells)}
            for reject, cells in zip(chosen, given, strict=True)
        ]
        fault = data.draw(_replay_faults)
        response = self.api.replay(job, rows, fault)
        if response is None:
            self._take_killed_replay(parent, second, given)
            return
        PROVOKED[f"replays response {response.status}"] += 1
        if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return
        is_reverting = parent.reverting or (parent.archive and parent.archive.reverting)
        replayable = ended and parent.counts and not is_reverting
        assert response.status == (202 if replayable else 422), (response, parent)
        if replayable:
            self._take_replay(parent, second, given, response.json()["job_id"])

    def _take_replay(self, parent: File, second: int, given: tuple[Cells, ...], job: str) -> None:
        key = f"landing/{parent.table.name}/{job}/replay.csv"
        version = self.cloud.emit_event(key, second)
        file = File(parent.table, second, key, version, given, corrects=parent)
        file.turn = len(self.files)
        self.files.append(file)

    def _take_killed_replay(self, parent: File, second: int, given: tuple[Cells, ...]) -> None:
        """A replay counts if its file was written; else it expires and its rejects remain."""
        known = {file.key for file in self.files}
        for (job,) in self.admin.execute(
            "SELECT job_id::text FROM waybill.ingestion_jobs"
            " WHERE kind = 'replay' AND state = 'AWAITING_UPLOAD' AND object_key IS NULL"
        ).fetchall():
            key = f"landing/{parent.table.name}/{job}/replay.csv"
            if key in known:
                continue
            if key in self.cloud.s3.buckets.get(LANDING, {}):
                PROVOKED["replays killed after their file"] += 1
                self._take_replay(parent, second, given, job)
            else:
                PROVOKED["replays killed before their file"] += 1
                self.cloud.let_uploads_expire()
                state = self.admin.execute(
                    "SELECT state FROM waybill.ingestion_jobs WHERE job_id = %s", (job,)
                ).fetchone()
                assert state == ("EXPIRED",)

    def _rejects(self, file: File) -> tuple[str, bool, list[str]]:
        """The file's job, whether it has a waybill, and the rejects that remain, by line."""
        found: Any = self.admin.execute(
            "SELECT job_id, read IS NOT NULL FROM waybill.ingestion_jobs"
            " WHERE object_key = %s AND version_id = %s",
            (file.key, file.version),
        ).fetchone()
        job, ended = found or (None, False)
        rejects = self.admin.execute(
            "SELECT reject_id FROM waybill.validation_errors"
            " WHERE job_id = %s AND replayed_by IS NULL ORDER BY line",
            (job,),
        ).fetchall()
        return str(job), ended, [str(reject) for (reject,) in rejects]


def may_be_replayed(file: File) -> bool:
    """A replay comes right after its file, so later partial records would be late for it."""
    return bool(file.rejected) and not (file.table.partial or file.table.insert_only)
