"""A backup of the cluster every night, copied to a vault in another region."""

from aws_cdk import Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.environments import Environment
from infra.offsite import Offsite

_NIGHT = events.Schedule.cron(hour="3", minute="0")


class OffsiteBackup(Construct):
    """Complements Aurora's continuous backup, which is in the cluster's own region only."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        cluster: rds.IDatabaseCluster,
        offsite: Offsite,
        key: kms.IKey | None,
    ) -> None:
        """Back `cluster` up; both copies are kept for as long as the environment's backups."""
        super().__init__(scope, "OffsiteBackup")
        kept = Duration.days(environment.backup_days)
        vault = backup.BackupVault(self, "Vault", encryption_key=key)
        away = backup.BackupVault.from_backup_vault_arn(self, "Away", offsite.vault)
        plan = backup.BackupPlan(self, "Plan", backup_vault=vault)
        plan.add_rule(
            backup.BackupPlanRule(
                rule_name="nightly",
                schedule_expression=_NIGHT,
                delete_after=kept,
                copy_actions=[
                    backup.BackupPlanCopyActionProps(
                        destination_backup_vault=away, delete_after=kept
                    )
                ],
            )
        )
        plan.add_selection(
            "Cluster", resources=[backup.BackupResource.from_rds_serverless_cluster(cluster)]
        )
