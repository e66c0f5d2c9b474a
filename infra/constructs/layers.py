"""The Lambda layers: `core`, `arrow` for functions that read rows, `auth` for tokens, `cache`."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.environments import Environment
from infra.layers.packages import core_layer, packages
from infra.layers.sources import own_core_layer


def _folders(environment: Environment, sources: Path) -> Mapping[str, Path]:
    if environment.is_local:
        # The packages are those of the local interpreter.
        return {"core": own_core_layer(sources)}
    return {
        "core": core_layer(sources),
        "arrow": packages("arrow"),
        "auth": packages("auth"),
        "cache": packages("cache"),
    }


def make_layers(
    scope: Construct, environment: Environment, sources: Path
) -> Mapping[str, lambda_.ILayerVersion]:
    """The environment's layers by name, `core` first."""
    return {
        name: lambda_.LayerVersion(
            scope,
            f"{name.capitalize()}Layer",
            layer_version_name=f"waybill-{environment.name}-{name}",
            code=lambda_.Code.from_asset(str(folder)),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.X86_64],
        )
        for name, folder in _folders(environment, sources).items()
    }
