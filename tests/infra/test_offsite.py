"""Files and backups are copied to another region where its bucket and vault are named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App

from infra.app import build, choose_environment
from infra.context import context
from infra.offsite import InvalidOffsiteError, Offsite
from tests.infra.template import Synthesised, listed, text

PLACES = {
    "bucket": "waybill-copies",
    "key": "arn:aws:kms:eu-west-1:123456789012:key/0199e4a8",
    "vault": "arn:aws:backup:eu-west-1:123456789012:backup-vault:waybill",
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    folder: Path = tmp_path_factory.mktemp("offsite")
    values = {**context(), "env": "prod", "offsite": {"prod": PLACES}}
    app = App(context=values, outdir=str(folder), analytics_reporting=False)
    build(app, choose_environment(app))
    app.synth()
    return Synthesised.read("prod", folder)


def test_every_new_object_is_copied_and_no_deletion(copied: Synthesised) -> None:
    rules = [
        rule
        for bucket in copied.buckets().values()
        for rule in bucket.get("ReplicationConfiguration", {}).get("Rules", [])
    ]
    # Of the landing and the state bucket.
    assert len(rules) == 2
    for rule in rules:
        assert rule["Status"] == "Enabled"
        assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
        assert "Prefix" not in rule["Filter"] or not rule["Filter"]["Prefix"]
        assert text(rule["Destination"]["Bucket"]).endswith(":::waybill-copies")
        key = rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
        assert key == PLACES["key"]
        assert rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"] == "Enabled"


def test_the_role_of_copies_writes_to_that_bucket_only(copied: Synthesised) -> None:
    writing = [
        text(resource)
        for _, statement in copied.statements()
        if "s3:ReplicateObject" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
    assert len(writing) == 2
    assert all(resource.endswith(":::waybill-copies/*") for resource in writing)


def test_the_cluster_is_backed_up_nightly_and_copied(copied: Synthesised) -> None:
    (plan,) = copied.of_type("AWS::Backup::BackupPlan").values()
    (rule,) = plan["BackupPlan"]["BackupPlanRule"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 35
    (copy,) = rule["CopyActions"]
    assert copy["DestinationBackupVaultArn"] == PLACES["vault"]
    assert copy["Lifecycle"]["DeleteAfterDays"] == 35
    (selection,) = copied.of_type("AWS::Backup::BackupSelection").values()
    (cluster,) = copied.of_type("AWS::RDS::DBCluster")
    (resource,) = selection["BackupSelection"]["Resources"]
    assert cluster in text(resource)
    (vault,) = copied.of_type("AWS::Backup::BackupVault").values()
    assert "DataKey" in text(vault["EncryptionKeyArn"])


def test_nothing_is_copied_unless_it_is_named(synthesise: Callable[[str], Synthesised]) -> None:
    prod = synthesise("prod")
    assert not prod.of_type("AWS::Backup::BackupPlan")
    assert not [one for one in prod.buckets().values() if "ReplicationConfiguration" in one]


@pytest.mark.parametrize(
    "values", [{}, {**PLACES, "vault": "waybill"}, {"bucket": "b"}, {**PLACES, "more": "x"}]
)
def test_places_given_incompletely_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(InvalidOffsiteError):
        Offsite.from_context(values)
