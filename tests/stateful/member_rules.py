"""Rules for the members of archives: replayed together, cancelled."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful.archive_rules import ArchiveRules
from tests.stateful.fake_cloud import LANDING
from tests.stateful.faults import Fault
from tests.stateful.generators import PROVOKED, places, seconds, some_records
from tests.stateful.model import File
from tests.stateful.tables import Cells

_some = st.integers(1, 31)
_waits = st.sampled_from((True, True, False))
_faults = st.one_of(st.none(), st.builds(Fault, st.integers(0, 12), st.booleans()))
Given = dict[str, list[Cells]]
"""The corrected records by the key of their member, in order."""


class MemberRules(ArchiveRules):
    """The rejects of all members of an archive by one request; cancellations."""

    @rule(fault=_faults, some=_some, waits=_waits, second=seconds, data=st.data())
    @precondition(lambda self: not self.cloud.suspended and self._with_rejects())
    def replay_archive(
        self, fault: Fault | None, some: int, waits: bool, second: int, data: st.DataObject
    ) -> None:
        """Correct some of the rejects that remain of the members; not all of them well."""
        place = data.draw(places)
        archives = self._with_rejects()
        if waits:
            self.cloud.settle()
        self.replay_rejects(archives[place % len(archives)], some, second, fault, data)

    def replay_rejects(
        self, archive: File, some: int, second: int, fault: Fault | None, data: st.DataObject
    ) -> None:
        """Correct those of the rejects of an archive's members that `some` has a bit for."""
        self.take_reverts()
        job, ended, rejects = self._rejects_of_members(archive)
        chosen = [reject for place, reject in enumerate(rejects) if some >> place & 1]
        if not chosen:
            PROVOKED["archive replays without rejects"] += 1
            return
        records = data.draw(some_records(archive.table, len(chosen), len(chosen)))
        given: Given = defaultdict(list)
        rows = []
        for (reject, key), cells in zip(chosen, records, strict=True):
            given[key].append(cells)
            rows.append({"_reject_id": reject, **archive.table.fields(cells)})
        response = self.api.replay(job, rows, fault)
        if response is None:
            self._take_killed_archive_replay(archive, second, given)
            return
        PROVOKED[f"archive replays response {response.status}"] += 1
        if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return
        touched = [archive, *(self._member(archive, key) for key in given)]
        replayable = ended and not any(file.reverting or file.reverted for file in touched)
        assert response.status == (202 if replayable else 422), (response, archive)
        if replayable:
            self._take_archive_replay(archive, second, given, response.json()["job_id"])

    @rule(place=places)
    @precondition(lambda self: any(file.is_archive or file.archive for file in self.files))
    def cancel_packed(self, place: int) -> None:
        """Most often one that has not ended."""
        packed = [file for file in self.files if file.is_archive or file.archive]
        query = "SELECT object_key FROM waybill.ingestion_jobs WHERE NOT waybill.is_final(state)"
        open_keys = {key for (key,) in self.admin.execute(query).fetchall()}
        packed = [file for file in packed if file.key in open_keys] or packed
        self.cancel_file(packed[place % len(packed)])

    def cancel_file(self, file: File) -> None:
        """Cancel a job; of an archive also the members that have not ended."""
        found = self.admin.execute(
            "SELECT job_id FROM waybill.ingestion_jobs WHERE object_key = %s AND version_id = %s",
            (file.key, file.version),
        ).fetchone()
        if not found:
            return
        with self.cloud.database.connect("api") as api:
            try:
                ended = api.execute("SELECT waybill.cancel_job(%s, NULL)", found).fetchone()
            except psycopg.errors.LockNotAvailable:
                return
        if ended != ("CANCELLED",):
            return
        kind = "archives" if file.is_archive else "members" if file.archive else "files"
        PROVOKED[f"{kind} cancelled"] += not file.cancelled
        file.cancelled = True
        for member in [other for other in self.files if other.archive is file]:
            state = "SELECT state FROM waybill.ingestion_jobs WHERE object_key = %s"
            member.cancelled = self.admin.execute(state, (member.key,)).fetchone() == ("CANCELLED",)

    def _with_rejects(self) -> list[File]:
        found = {id(file.archive): file.archive for file in self.files if file.rejected}
        return [archive for archive in found.values() if archive]

    def _member(self, archive: File, key: str) -> File:
        (member,) = (file for file in self.files if file.archive is archive and file.key == key)
        return member

    def _rejects_of_members(self, archive: File) -> tuple[str, bool, list[tuple[str, str]]]:
        """The archive's job, whether it has ended, and the rejects that remain with their keys."""
        found: Any = self.admin.execute(
            "SELECT job_id, waybill.is_final(state) FROM waybill.ingestion_jobs"
            " WHERE object_key = %s AND version_id = %s",
            (archive.key, archive.version),
        ).fetchone()
        job, ended = found
        rejects = self.admin.execute(
            "SELECT v.reject_id::text, m.object_key FROM waybill.validation_errors AS v"
            " JOIN waybill.ingestion_jobs AS m USING (job_id)"
            " WHERE m.archive_job_id = %s AND v.replayed_by IS NULL ORDER BY m.object_key, v.line",
            (job,),
        ).fetchall()
        return str(job), ended, rejects

    def _take_archive_replay(self, archive: File, second: int, given: Given, job: str) -> None:
        """Unpacked at once, so that its members are known: one for each member with a reject."""
        key = f"landing/{archive.table.name}/{job}/replay.zip"
        replay = File(
            archive.table, second, key, self.cloud.emit_event(key, second), (), is_archive=True
        )
        self.files.append(replay)
        found = self.unpack(replay, len(given))
        for (member, version), (corrected, records) in zip(found, given.items(), strict=True):
            file = File(archive.table, second, member, version, tuple(records), archive=replay)
            file.corrects = self._member(archive, corrected)
            file.turn = len(self.files)
            self.files.append(file)
        PROVOKED["archives replayed"] += 1

    def _take_killed_archive_replay(self, archive: File, second: int, given: Given) -> None:
        """It counts if its file was written; else it expires and the rejects remain."""
        known = {file.key for file in self.files}
        for (job,) in self.admin.execute(
            "SELECT job_id::text FROM waybill.ingestion_jobs WHERE filename = 'replay.zip'"
            " AND state = 'AWAITING_UPLOAD' AND object_key IS NULL"
        ).fetchall():
            key = f"landing/{archive.table.name}/{job}/replay.zip"
            if key in known:
                continue
            if key in self.cloud.s3.buckets.get(LANDING, {}):
                PROVOKED["archive replays killed after their file"] += 1
                self._take_archive_replay(archive, second, given, job)
                continue
            PROVOKED["archive replays killed before their file"] += 1
            self.cloud.let_uploads_expire()
            state = "SELECT state FROM waybill.ingestion_jobs WHERE job_id = %s"
            assert self.admin.execute(state, (job,)).fetchone() == ("EXPIRED",)
