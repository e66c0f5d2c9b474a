"""Archives: their members, and what of them is unpacked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from waybill.archives.members import ArchiveFormat, Listing
from waybill.database.chunks import PlanClaim
from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.states import JobState


class StoredMember(NamedTuple):
    """A member that has no job yet, and the key of its object."""

    position: int
    name: str
    key: str


class Archives(Repository):
    """The members of archives."""

    def register(
        self,
        plan: PlanClaim,
        archive_format: ArchiveFormat,
        listing: Listing,
        keys: Mapping[int, str],
        sha256: str,
    ) -> JobState:
        """List the members of a landed archive, once; the state of its job.

        Args:
            plan: the attempt.
            archive_format: of the archive.
            listing: its members.
            keys: of the members' objects, by position.
            sha256: of the archive, in hex.

        Raises:
            Rejected: `plan-superseded`.
        """
        members = [{**member._asdict(), "key": keys[member.position]} for member in listing.members]
        return self._value(
            JobState,
            "register_members",
            p_job=plan.job_id,
            p_attempt=plan.attempt,
            p_format=archive_format,
            p_left_out=listing.left_out,
            p_members=jsonb(members),
            p_sha256=sha256,
        )

    def left(self, job_id: UUID) -> Sequence[StoredMember] | None:
        """The members that have no job yet, in order; None if they are not listed."""
        found: list[dict[str, object]] | None = self._optional(
            list, "members_to_unpack", p_job=job_id
        )
        if found is None:
            return None
        return [StoredMember(int(str(m["position"])), str(m["name"]), str(m["key"])) for m in found]

    def fail_member(self, job_id: UUID, position: int, problem: Mapping[str, object]) -> UUID:
        """Fail a member that cannot be unpacked; its job."""
        return self._value(
            UUID, "fail_member", p_job=job_id, p_position=position, p_problem=jsonb(problem)
        )

    def finish(self, plan: PlanClaim) -> None:
        """All members have jobs.

        Raises:
            Rejected: `plan-superseded`.
        """
        self._do("finish_unpacking", p_job=plan.job_id, p_attempt=plan.attempt)
