"""A wake-up marker exists as long as there is work, however long a merge takes."""

from uuid import UUID

import pytest

from tests.cloud.fixtures import STATE, Cloud
from tests.integration.merge.staged_jobs import DEPARTMENTS, Staged, deliver
from waybill.database.merges import MergeResult, Merges
from waybill.messages import MergeMessage
from waybill.state.bucket import StateBucket
from waybill.state.markers import job_of_marker


def test_a_marker_that_went_during_a_merge_is_put_again(
    staged: Staged, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = staged.job("departments", DEPARTMENTS, [(1, "Sales")])
    markers, merge = StateBucket(cloud.s3, STATE).markers, Merges.merge

    def merge_for_long(merges: Merges, job_id: UUID) -> MergeResult:
        result = merge(merges, job_id)
        assert {job_of_marker(key) for key in markers.list()} == {job}
        # A refresh that began before the commit saw nothing to do.
        markers.delete(markers.list())
        return result

    monkeypatch.setattr(Merges, "merge", merge_for_long)
    assert deliver(MergeMessage(job_id=job)) == []
    assert {job_of_marker(key) for key in markers.list()} == {job}
