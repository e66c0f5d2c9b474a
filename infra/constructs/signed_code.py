"""Lets Lambda run only what the environment's signer has signed."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.code_signing import CodeSigning


def signed_code(scope: Construct, signing: CodeSigning) -> lambda_.ICodeSigningConfig:
    """What functions name so that other code, of theirs or of a layer, is refused."""
    # Not the construct of that name: it writes the ARN of an existing profile with two slashes.
    config = lambda_.CfnCodeSigningConfig(
        scope,
        "CodeSigning",
        allowed_publishers=lambda_.CfnCodeSigningConfig.AllowedPublishersProperty(
            signing_profile_version_arns=[signing.profile]
        ),
        code_signing_policies=lambda_.CfnCodeSigningConfig.CodeSigningPoliciesProperty(
            untrusted_artifact_on_deployment="Enforce"
        ),
    )
    arn = config.attr_code_signing_config_arn
    return lambda_.CodeSigningConfig.from_code_signing_config_arn(scope, "SignedCode", arn)
