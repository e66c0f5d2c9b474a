"""The Cognito pool of an environment whose users come from nowhere else."""

from collections.abc import Mapping

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.environments import Environment
from waybill.http.principal import ROLES

# A person logs in again after this.
ACCESS = Duration.minutes(30)
REFRESH = Duration.hours(12)


class UserPool(Construct):
    """Users made by an administrator, and a group for each role."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        """Create the pool; it is kept where the data are."""
        super().__init__(scope, "Users")
        keep = environment.keep_data
        self.pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=f"waybill-{environment.name}",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.REQUIRED if keep else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=Duration.days(3),
            ),
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if keep
            else RemovalPolicy.DESTROY,
        )
        for role in ROLES:
            cognito.CfnUserPoolGroup(
                self, role.capitalize(), user_pool_id=self.pool.user_pool_id, group_name=role
            )
        # Of the pages that the console logs people in at; unique in a region.
        self.domain = self.pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=f"waybill-{environment.name}-{Aws.ACCOUNT_ID}"
            ),
        )
        self.client = self.pool.add_client(
            "Client",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            access_token_validity=ACCESS,
            id_token_validity=ACCESS,
            refresh_token_validity=REFRESH,
            enable_token_revocation=True,
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """The authorizer's settings: access tokens of this pool and client, roles by group."""
        region, pool = Stack.of(self).region, self.pool.user_pool_id
        issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool}"
        return {
            "token_issuer": issuer,
            "token_audience": self.client.user_pool_client_id,
            "token_jwks_url": f"{issuer}/.well-known/jwks.json",
            "token_use": "access",
            "roles_claim": "cognito:groups",
        }

    @property
    def outputs(self) -> Mapping[str, str]:
        """What a person needs to log in."""
        return {
            "UserPoolId": self.pool.user_pool_id,
            "UserPoolClientId": self.client.user_pool_client_id,
        }
