"""Restoring the database from a snapshot or to a point in time, through the templates."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_rds as rds


class InvalidRestoreError(Exception):
    """The restore is given incompletely or twice; the message says what to give."""


@dataclass(frozen=True, kw_only=True)
class Restore:
    """What the cluster is created from: a snapshot, or a cluster's backups at a time.

    It stays in the context of later deployments: without it the cluster would be replaced again.
    """

    snapshot: str | None = None
    cluster: str | None = None
    time: str | None = None
    """RFC 3339 in UTC; None for the latest that can be restored."""

    @classmethod
    def from_context(cls, values: Mapping[str, Any] | None) -> "Restore | None":
        """The restore in the context `restore` of cdk.json, by environment; None without one.

        Raises:
            InvalidRestoreError: not exactly one of `snapshot` and `cluster` is given.
        """
        if not values:
            return None
        unknown = sorted(values.keys() - {"snapshot", "cluster", "time"})
        if unknown or bool(values.get("snapshot")) == bool(values.get("cluster")):
            raise InvalidRestoreError(
                'Give {"snapshot": ARN}, or {"cluster": identifier} with or without "time".'
            )
        return cls(**{name: str(value) for name, value in values.items()})

    @property
    def mark(self) -> str:
        """Eight characters that differ between restores."""
        text = f"{self.snapshot}|{self.cluster}|{self.time}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def apply(self, cluster: rds.CfnDBCluster) -> None:
        """Create `cluster` from it. Name and password of the admin come with the data."""
        if self.snapshot:
            cluster.snapshot_identifier = self.snapshot
        else:
            cluster.source_db_cluster_identifier = self.cluster
            cluster.restore_to_time = self.time
            cluster.use_latest_restorable_time = None if self.time else True
        for given in ("MasterUsername", "MasterUserPassword", "DatabaseName"):
            cluster.add_property_deletion_override(given)
