"""API keys of machines, and usage plans that limit each caller."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.environments import Environment
from infra.machines import Machine, Machines

_PEOPLE = "people"


class MachineKeys(Construct):
    """A key for each machine and one for all people.

    The authorizer names the key whose plan limits a request. A machine with an IAM role has a key
    for that alone; the value of such a key is no secret, since it proves nothing.
    """

    def __init__(self, scope: Construct, environment: Environment, machines: Machines) -> None:
        """Create the keys; without machines there are none, and no limits by caller."""
        super().__init__(scope, "Machines")
        self._machines = machines
        self._environment = environment
        self._prefix = f"waybill-{environment.name}-usage"
        limited = [*machines, _PEOPLE] if machines else []
        self._keys = {name: self._key(name, machines.get(name)) for name in limited}

    def _key(self, name: str, machine: Machine | None) -> apigateway.CfnApiKey:
        is_secret = machine is not None and machine.iam_role is None
        return apigateway.CfnApiKey(
            self,
            f"{name}Key",
            name=f"waybill-{self._environment.name}-{name}",
            enabled=True,
            value=None if is_secret else f"{self._prefix}-{name}",
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """The authorizer's settings."""
        if not self._machines:
            return {}
        machines = [self._setting(name, machine) for name, machine in self._machines.items()]
        text = Stack.of(self).to_json_string(machines)
        return {"machines": text, "usage_key_prefix": self._prefix}

    def _setting(self, name: str, machine: Machine) -> dict[str, Any]:
        given = machine.model_dump(
            mode="json", include={"role", "datasets", "personal", "iam_role"}, exclude_none=True
        )
        given = {
            field: sorted(value) if isinstance(value, list) else value
            for field, value in given.items()
        }
        key = {} if machine.iam_role else {"api_key_id": self._keys[name].ref}
        return {"name": name, **given, **key}

    @property
    def outputs(self) -> Mapping[str, str]:
        """The ids of the API keys, whose values `aws apigateway get-api-key` shows."""
        return {
            f"ApiKeyOf{name.title().replace('-', '')}": self._keys[name].ref
            for name, machine in self._machines.items()
            if machine.iam_role is None
        }

    def statements(self) -> list[iam.PolicyStatement]:
        """Allow reading the values of the machines' API keys."""
        region = Stack.of(self).region
        keys = [
            f"arn:aws:apigateway:{region}::/apikeys/{self._keys[name].ref}"
            for name, machine in self._machines.items()
            if machine.iam_role is None
        ]
        return [iam.PolicyStatement(actions=["apigateway:GET"], resources=keys)] if keys else []

    def limit(self, rest: apigateway.RestApi) -> None:
        """Add the usage plans on the API's stage."""
        for name, key in self._keys.items():
            plan = self._plan(name, rest)
            apigateway.CfnUsagePlanKey(
                self, f"{name}InPlan", key_id=key.ref, key_type="API_KEY", usage_plan_id=plan.ref
            )

    def _plan(self, name: str, rest: apigateway.RestApi) -> apigateway.CfnUsagePlan:
        machine, environment = self._machines.get(name), self._environment
        # All people together have the limits of the stage; the firewall limits each address.
        rate = machine.requests_per_second if machine else environment.requests_per_second
        burst = machine.burst if machine else environment.request_burst
        daily = machine.requests_per_day if machine else None
        return apigateway.CfnUsagePlan(
            self,
            f"{name}Plan",
            usage_plan_name=f"waybill-{environment.name}-{name}",
            api_stages=[
                apigateway.CfnUsagePlan.ApiStageProperty(
                    api_id=rest.rest_api_id, stage=rest.deployment_stage.stage_name
                )
            ],
            throttle=apigateway.CfnUsagePlan.ThrottleSettingsProperty(
                rate_limit=rate, burst_limit=burst
            ),
            quota=apigateway.CfnUsagePlan.QuotaSettingsProperty(limit=daily, period="DAY")
            if daily
            else None,
        )
