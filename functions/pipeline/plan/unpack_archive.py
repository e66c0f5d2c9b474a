"""Unpacks an archive: its members become objects of their own, and jobs."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.find_archive import Archive
from functions.pipeline.plan.models import LandedJob, ObjectCreated
from functions.pipeline.plan.register_object import register_object
from functions.pipeline.plan.store_member import store_member
from functions.pipeline.plan.verify_object import check_sha256
from waybill import telemetry
from waybill.archives.members import Member
from waybill.database.archives import Archives, StoredMember
from waybill.database.chunks import PlanClaim
from waybill.errors import Rejected
from waybill.landing.keys import filename_of
from waybill.landing.object_versions import ObjectVersion
from waybill.messages import MergeMessage
from waybill.queues import send

_MAX_KEY_BYTES = 1024
_SHORTEST_NAME = 16
# What is wrong with one member; the others can be loaded.
_OF_A_MEMBER = ("corrupt-file", "decompression-limit")


def unpack_archive(deps: Deps, job: LandedJob, plan: PlanClaim, archive: Archive) -> None:
    """List the members, then unpack those that have no job yet. A repeated call resumes.

    All members are listed before the first one is unpacked, so an archive that is refused leaves
    nothing behind.

    Raises:
        Rejected: `nested-archive`, or the archive cannot be loaded.
        Retryable: something cannot be reached.
    """
    if job.is_member:
        detail = "The member is an archive itself. Unpack it, and put its files into one archive."
        raise Rejected("nested-archive", detail)
    archives = Archives(deps.connection)
    left = archives.left(job.job_id)
    if left is None:
        listing, sha256 = archive.listing()
        check_sha256(sha256, job.ticket)
        keys = _keys(job, listing.members)
        archives.register(plan, archive.format, listing, keys, sha256)
        left = archives.left(job.job_id) or ()
        telemetry.action("archive.listed", members=len(left), left_out=listing.left_out)
    if not left or _unpack(_Unpacking(deps, job, archives), left, archive):
        archives.finish(plan)
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=job.job_id)])
        telemetry.action("archive.unpacked")
    else:
        _continue_later(deps, job)


class _Unpacking(NamedTuple):
    deps: Deps
    job: LandedJob
    archives: Archives

    def store(self, member: StoredMember, content: Iterator[bytes]) -> bool:
        """Store a member and register its job. False if its archive has ended."""
        deps = self.deps
        try:
            ref = store_member(deps.s3, self.job.ref.bucket, member.key, content)
        except Rejected as error:
            if error.code not in _OF_A_MEMBER:
                raise
            self._fail(member, error)
            return True
        created = ObjectCreated(
            bucket=ref.bucket,
            key=ref.key,
            version_id=ref.version_id,
            etag=ref.etag,
            size_bytes=ref.size_bytes,
            landed_at=datetime.now(UTC),
            sequencer="",
        )
        # The event of the object plans it; it may already have.
        if register_object(deps, created) is None:
            return bool(self.archives.left(self.job.job_id))
        return True

    def _fail(self, member: StoredMember, error: Rejected) -> None:
        job_id = self.archives.fail_member(self.job.job_id, member.position, error.problem())
        self.deps.state.markers.put(job_id)
        telemetry.action("member.failed", level="warning", code=error.code, job_id=str(job_id))
        # Trigger a merge so that the failure is published.
        send(self.deps.settings.merges_queue_url, [MergeMessage(job_id=job_id)])


def _unpack(unpacking: _Unpacking, left: Sequence[StoredMember], archive: Archive) -> bool:
    """Unpack the members in order. False if time is up before the last one."""
    members = {member.position: member for member in left}
    end = time.monotonic() + unpacking.deps.settings.unpack_seconds
    for position, content in archive.contents(frozenset(members)):
        if not unpacking.store(members.pop(position), content):
            return True
        if members and time.monotonic() > end:
            return False
    return True


def _continue_later(deps: Deps, job: LandedJob) -> None:
    """Send the object's event again, for the members that are left."""
    event = ObjectVersion(job.ref, datetime.now(UTC)).created_event()
    send(deps.settings.landed_queue_url, [event])
    telemetry.action("archive.continued")


def _keys(job: LandedJob, members: Sequence[Member]) -> Mapping[int, str]:
    """The keys of the members' objects: behind the archive's, in their order.

    With the id of the job, since an archive may be overwritten by one with other members. If both
    land in the same second, the members are in the order of S3's sequencers: a dot comes before
    every digit, so one that another begins with comes first, as in the order of objects.

    Raises:
        Rejected: `key-too-long`.
    """
    keys: dict[int, str] = {}
    for member in members:
        prefix = f"{job.ref.key}/{job.sequencer.upper()}.{job.job_id}/{member.position:06}/"
        room = _MAX_KEY_BYTES - len(prefix.encode())
        if room < _SHORTEST_NAME:
            detail = "The key of the archive is too long for those of its members."
            raise Rejected("key-too-long", detail)
        keys[member.position] = prefix + filename_of(member.name)[-room:]
    return keys
