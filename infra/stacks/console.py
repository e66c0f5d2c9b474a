"""The console's part of the service stack: what it connects to, and how people log in."""

from aws_cdk import Stack

from infra.constructs.buckets import Buckets
from infra.constructs.console import Console, ConsoleHosts
from infra.constructs.console_login import ConsoleLogin, external_login, pool_login, pool_origin
from infra.constructs.function import LambdaFunction
from infra.constructs.service import Service
from infra.constructs.shared_resources import SharedResources
from infra.constructs.user_pool import UserPool
from infra.identity import ExternalIssuer


def add_console(
    stack: Stack, shared: SharedResources, service: Service, issuer: ExternalIssuer | UserPool
) -> LambdaFunction:
    """Add the console in front of `service`; returns the function that publishes its files."""
    # Of the API, not of its stage: the stage waits for the authorizer, which must know the
    # console's client, which must know where the console is.
    host = f"{service.api.rest.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}"
    storage = _storage(service.buckets)
    if isinstance(issuer, ExternalIssuer):
        login = external_login(issuer.settings, issuer.client_id)
        console = Console(stack, shared, ConsoleHosts(host, (*storage, *login.origins)))
        return _publish(console, login, service)
    console = Console(stack, shared, ConsoleHosts(host, (*storage, pool_origin(issuer))))
    login = pool_login(console, issuer, console.url)
    audiences = f"{issuer.settings['token_audience']} {login.config['client_id']}"
    service.functions["authorizer"].function.add_environment("TOKEN_AUDIENCE", audiences)
    return _publish(console, login, service)


def _publish(console: Console, login: ConsoleLogin, service: Service) -> LambdaFunction:
    service.functions["notify"].function.add_environment("CONSOLE_URL", console.url)
    return console.publish(login.config)


def _storage(buckets: Buckets) -> tuple[str, ...]:
    """Where the page uploads to, and downloads from: functions in the VPC name another host."""
    return (
        f"https://{buckets.landing.bucket_regional_domain_name}",
        f"https://{buckets.state.bucket_dual_stack_domain_name}",
    )
