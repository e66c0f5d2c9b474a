"""The key that encrypts the text of rejects with personal columns."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.environments import Environment


def personal_key(scope: Construct, environment: Environment) -> kms.Key | None:
    """The key, or None in an environment that does not keep such texts.

    It is not the key of the database: whoever may read a backup must not be able to read these.
    It costs 1 USD a month.
    """
    if not environment.keeps_personal_texts:
        return None
    return kms.Key(
        scope,
        "PersonalKey",
        description=f"Rejects with personal data of Waybill {environment.name}",
        enable_key_rotation=True,
        # What it encrypted is unreadable without it.
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        if environment.keep_data
        else RemovalPolicy.DESTROY,
    )
