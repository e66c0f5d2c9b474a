"""A failed first deployment can be tried again, a used `dev` destroyed, a database restored."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra.app import build
from infra.context import context
from infra.environments import choose
from infra.restore import InvalidRestoreError, Restore
from tests.infra.template import Synthesised

KEPT = {
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}
NAMES = ("BucketName", "DBClusterIdentifier", "LogGroupName", "Name", "KeyName")


def _restored(tmp_path: Path, restore: Mapping[str, str]) -> Mapping[str, Any]:
    unstaged = {"aws:cdk:disable-asset-staging": True, "restore": {"staging": dict(restore)}}
    app = App(outdir=str(tmp_path), context={**context(), **unstaged}, analytics_reporting=False)
    build(app, choose("staging"))
    app.synth()
    template = json.loads((tmp_path / "waybill-staging-data.template.json").read_text())
    (cluster,) = (
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::RDS::DBCluster"
    )
    return dict(cluster)


def test_retained_resources_are_deleted_when_their_creation_fails(on_aws: Synthesised) -> None:
    for name, resource in on_aws.resources.items():
        if resource["Type"] in KEPT:
            assert resource.get("DeletionPolicy") in ("RetainExceptOnCreate", "Delete"), name


def test_retained_resources_have_generated_names(on_aws: Synthesised) -> None:
    for name, resource in on_aws.resources.items():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            for given in NAMES:
                fixed = resource["Properties"].get(given)
                # A name with the id of the stack, or of a resource, is new in every stack.
                assert fixed is None or isinstance(fixed, dict), (name, fixed)


def test_dev_is_destroyed_with_its_data(synthesise: Callable[[str], Synthesised]) -> None:
    dev = synthesise("dev")
    emptied = {
        found["BucketName"]["Ref"] for found in dev.of_type("Custom::S3AutoDeleteObjects").values()
    }
    # The function that fills the console's bucket empties it too.
    others = {name for name in dev.of_type("AWS::S3::Bucket") if name.startswith("ConsoleFiles")}
    assert len(others) == 1
    assert emptied | others == dev.of_type("AWS::S3::Bucket").keys()
    (cluster,) = dev.of_type("AWS::RDS::DBCluster").values()
    assert cluster["DeletionProtection"] is False


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_kept_buckets_are_never_emptied(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    assert not synthesise(environment).of_type("Custom::S3AutoDeleteObjects")


def test_stacks_do_not_lock_each_other(on_aws: Synthesised) -> None:
    data = on_aws.templates[f"waybill-{on_aws.environment}-data"]
    assert not [one for one in data["Outputs"].values() if "Export" in one]


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_one_key_encrypts_all_that_is_stored(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    found = synthesise(environment)
    (name,) = [key for key in found.of_type("AWS::KMS::Key") if key.startswith("DataKey")]
    (cluster,) = found.of_type("AWS::RDS::DBCluster").values()
    assert name in json.dumps(cluster["KmsKeyId"])
    for bucket in found.buckets().values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert name in json.dumps(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
        assert rule["BucketKeyEnabled"] is True
    for queue in found.of_type("AWS::SQS::Queue").values():
        assert name in json.dumps(queue["KmsMasterKeyId"])
    for function in found.functions().values():
        log = found.resources[function["LoggingConfig"]["LogGroup"]["Ref"]]
        assert name in json.dumps(log["Properties"]["KmsKeyId"])


def test_rejects_with_personal_data_have_a_key_of_their_own(
    synthesise: Callable[[str], Synthesised],
) -> None:
    for environment, expected in (("dev", 0), ("staging", 1), ("prod", 1)):
        found = synthesise(environment)
        keys = [name for name in found.of_type("AWS::KMS::Key") if name.startswith("Personal")]
        assert len(keys) == expected
        for step in ("load", "batch", "jobs", "documents"):
            variables = found.functions()[step]["Environment"]["Variables"]
            assert ("PERSONAL_KEY" in variables) == bool(expected)


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_readers_and_writers_of_objects_and_messages_may_use_the_key(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    found = synthesise(environment)
    # The files of the console are public.
    for step in found.functions().keys() - {"console"}:
        actions = {
            action
            for statement in found.statements_of(step)
            for action in (
                statement["Action"]
                if isinstance(statement["Action"], list)
                else [statement["Action"]]
            )
        }
        writes = actions & {"s3:PutObject", "sqs:SendMessage"}
        reads = actions & {"s3:GetObject", "s3:GetObjectVersion", "sqs:ReceiveMessage"}
        assert ("kms:GenerateDataKey" in actions) == bool(writes), step
        assert ("kms:Decrypt" in actions) == bool(reads or writes), step


def test_a_snapshot_is_restored_under_another_name(
    tmp_path: Path, synthesise: Callable[[str], Synthesised]
) -> None:
    snapshot = "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:before"
    cluster = _restored(tmp_path, {"snapshot": snapshot})
    (before,) = synthesise("staging").of_type("AWS::RDS::DBCluster").values()
    assert cluster["SnapshotIdentifier"] == snapshot
    assert cluster["DBClusterIdentifier"] != before["DBClusterIdentifier"]
    # These come with the data, and RDS refuses them beside a snapshot.
    assert not cluster.keys() & {"MasterUsername", "MasterUserPassword", "DatabaseName"}


def test_a_point_in_time_is_restored(tmp_path: Path) -> None:
    cluster = _restored(
        tmp_path, {"cluster": "waybill-staging-0a1b2c3d", "time": "2026-11-01T10:00:00Z"}
    )
    assert cluster["SourceDBClusterIdentifier"] == "waybill-staging-0a1b2c3d"
    assert cluster["RestoreToTime"] == "2026-11-01T10:00:00Z"
    assert "UseLatestRestorableTime" not in cluster


def test_the_latest_time_is_restored_without_one(tmp_path: Path) -> None:
    cluster = _restored(tmp_path, {"cluster": "waybill-staging-0a1b2c3d"})
    assert cluster["UseLatestRestorableTime"] is True


@pytest.mark.parametrize(
    "given",
    [{"time": "2026-11-01T10:00:00Z"}, {"snapshot": "a", "cluster": "b"}, {"snapshots": "a"}],
)
def test_a_restore_names_one_origin(given: dict[str, str]) -> None:
    with pytest.raises(InvalidRestoreError, match="snapshot"):
        Restore.from_context(given)


def test_without_a_restore_the_database_is_new() -> None:
    assert Restore.from_context(None) is None
