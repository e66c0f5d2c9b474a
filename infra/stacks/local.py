"""The local environment, in one stack for a fast deployment."""

from pathlib import Path

from aws_cdk import CfnParameter, DefaultStackSynthesizer, Stack
from aws_cdk import Environment as Target
from constructs import Construct

from infra.constructs.buckets import Buckets
from infra.constructs.error_reports import ErrorReports
from infra.constructs.layers import make_layers
from infra.constructs.local_database import LocalDatabase
from infra.constructs.local_issuer import local_issuer
from infra.constructs.personal_key import personal_key
from infra.constructs.service import Service
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment
from infra.error_tracking import ErrorTracker
from infra.machines import LOCAL_MACHINES


class LocalStack(Stack):
    """Buckets and service; the local stack runs PostgreSQL and the migrations itself."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        sources: Path,
        tracker: ErrorTracker | None = None,
    ) -> None:
        """Create the resources."""
        super().__init__(
            scope,
            f"waybill-{environment.name}",
            # The CDK refuses to deploy it with credentials of another account.
            env=Target(account=environment.account, region=environment.region),
            # The emulator has no bootstrap stack whose version could be checked.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        layers = make_layers(self, environment, sources)
        shared = SharedResources(
            environment,
            LocalDatabase(self),
            layers,
            sources,
            local_issuer(self),
            personal_key=personal_key(self, environment),
            machines=LOCAL_MACHINES,
        )
        service = Service(self, shared, Buckets(self, environment))
        # The emulator serves the console, at the port that it was given.
        console = CfnParameter(self, "ConsoleUrl", default="http://127.0.0.1:4566/")
        notify = service.functions["notify"].function
        notify.add_environment("CONSOLE_URL", console.value_as_string)
        if tracker:
            ErrorReports(self, shared, tracker, service.functions)
