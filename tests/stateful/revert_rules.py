"""A rule for loads that are taken back."""

from http import HTTPStatus

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful.api_rules import ApiRules
from tests.stateful.faults import Fault
from tests.stateful.generators import PROVOKED, places
from tests.stateful.model import File

_faults = st.one_of(st.none(), st.builds(Fault, st.integers(0, 12), st.booleans()))


class RevertRules(ApiRules):
    """Reverts of files, batches and replays, whole or not at all."""

    @rule(place=places, fault=_faults, waits=st.booleans())
    @precondition(lambda self: any(may_be_reverted(file) for file in self.files))
    def revert(self, place: int, fault: Fault | None, waits: bool) -> None:
        loaded = [file for file in self.files if may_be_reverted(file)]
        if waits:
            self.cloud.settle()
        self._revert(loaded[place % len(loaded)], fault)

    @rule(fault=_faults)
    @precondition(lambda self: any(may_be_reverted(file) for file in self.files))
    def revert_last(self, fault: Fault | None) -> None:
        """The last one of a table has most often been touched by nobody."""
        self.cloud.settle()
        self._revert([file for file in self.files if may_be_reverted(file)][-1], fault)

    def _revert(self, file: File, fault: Fault | None) -> None:
        self.take_reverts()
        if file.reverted:
            return
        found = self.admin.execute(
            "SELECT job_id::text FROM waybill.ingestion_jobs"
            " WHERE object_key = %s AND version_id = %s",
            (file.key, file.version),
        ).fetchone()
        if not found:
            return
        response = self.api.revert(found[0], fault)
        if response is None:
            # The lock waits for what a killed process has begun.
            requested = self.admin.execute(
                "SELECT reverting FROM waybill.ingestion_jobs WHERE job_id = %s FOR UPDATE", found
            ).fetchone()
            file.reverting = requested == (True,)
            PROVOKED["reverts killed after" if file.reverting else "reverts killed before"] += 1
            return
        PROVOKED[f"reverts response {response.status}"] += 1
        assert response.status in (
            HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE,
        ), response  # fmt: skip
        file.reverting = file.reverting or response.status == HTTPStatus.ACCEPTED

    def take_reverts(self) -> None:
        """Learn what became of the reverts that were requested."""
        for file in [file for file in self.files if file.archive]:
            ((state,),) = self.admin.execute(
                "SELECT state FROM waybill.ingestion_jobs"
                " WHERE object_key = %s AND version_id = %s",
                (file.key, file.version),
            ).fetchall()
            PROVOKED["members reverted"] += state == "REVERTED" and not file.reverted
            file.reverted = state == "REVERTED"
        for file in [file for file in self.files if file.reverting]:
            ((file.reverting, state, refusal),) = self.admin.execute(
                "SELECT j.reverting, j.state, r.refusal FROM waybill.ingestion_jobs AS j"
                " JOIN waybill.revert_requests AS r USING (job_id)"
                " WHERE j.object_key = %s AND j.version_id = %s",
                (file.key, file.version),
            ).fetchall()
            if file.reverting:
                continue
            file.reverted = state == "REVERTED"
            PROVOKED["reverts done" if file.reverted else "reverts refused"] += 1
            assert file.reverted == (refusal is None)
            if file.is_archive:
                self._check_members(file)
            for error in (refusal or {}).get("errors", []):
                PROVOKED[f"reverts refused: {error['code']}"] += 1

    def _check_members(self, file: File) -> None:
        """Members that nobody reverts by themselves go with their archive, all or none."""
        ((loaded, reverted),) = self.admin.execute(
            "SELECT count(*) FILTER (WHERE waybill.is_loaded(m.state)),"
            " count(*) FILTER (WHERE m.state = 'REVERTED')"
            " FROM waybill.ingestion_jobs AS m"
            " JOIN waybill.ingestion_jobs AS a ON a.job_id = m.archive_job_id"
            " WHERE a.object_key = %s AND a.version_id = %s AND NOT EXISTS ("
            "  SELECT FROM waybill.revert_requests AS r WHERE r.job_id = m.job_id)",
            (file.key, file.version),
        ).fetchall()
        assert (loaded if file.reverted else reverted) == 0


def may_be_reverted(file: File) -> bool:
    """Of an insert-only table a later record may have been rejected for one of the load."""
    return file.counts and not file.table.insert_only
