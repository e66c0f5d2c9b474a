"""Queues, functions, event rules and API, around existing buckets and an existing database."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from infra import wiring
from infra.access import use_key
from infra.concurrency import reserved_concurrency, waits_at_once
from infra.constructs.api import STAGE, Api
from infra.constructs.buckets import Buckets
from infra.constructs.canary import Canary
from infra.constructs.email_topics import EmailTopics
from infra.constructs.event_rules import EventRules
from infra.constructs.function import LambdaFunction, qualified_name
from infra.constructs.machine_keys import MachineKeys
from infra.constructs.queue import WorkQueue
from infra.constructs.schedule_group import ScheduleGroup
from infra.constructs.service_alarms import ServiceAlarms
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment
from infra.functions import FUNCTIONS
from infra.permissions import permissions

_CONSUMERS = {"landed": "plan", "chunks": "load", "merges": "merge", "extracts": "extract"}


class Service(Construct):
    """Everything that stores nothing for longer than a message's retention."""

    def __init__(self, scope: Construct, shared: SharedResources, buckets: Buckets) -> None:
        """Create and connect the resources; the outputs are added to the stack."""
        super().__init__(scope, "Service")
        self.buckets = buckets
        self.queues = {
            name: WorkQueue(
                self,
                name,
                shared,
                consumer_seconds=FUNCTIONS[consumer].timeout_seconds,
            )
            for name, consumer in _CONSUMERS.items()
        }
        self.machine_keys = MachineKeys(self, shared.environment, shared.machines)
        self.event_rules = EventRules(self, shared)
        self.functions = self._functions(shared)
        self._connect(shared.environment)
        self.api = Api(self, shared, functions=self.functions)
        self.machine_keys.limit(self.api.rest)
        if shared.environment.all_alarms:
            alarms = ServiceAlarms(self, shared.environment, self.queues, self.functions, self.api)
            if shared.environment.canary:
                Canary(self, self.functions, alarms.of_requests)
        self._outputs()

    def _functions(self, shared: SharedResources) -> dict[str, LambdaFunction]:
        resources = wiring.Resources(
            landing=self.buckets.landing,
            state=self.buckets.state,
            landed=self.queues["landed"].queue,
            chunks=self.queues["chunks"].queue,
            merges=self.queues["merges"].queue,
            landed_dlq=self.queues["landed"].dlq.queue,
            chunks_dlq=self.queues["chunks"].dlq.queue,
            merges_dlq=self.queues["merges"].dlq.queue,
            extracts=self.queues["extracts"].queue,
            extracts_dlq=self.queues["extracts"].dlq.queue,
            undelivered_dlq=self.event_rules.undelivered.queue,
            extract_function=qualified_name(shared.environment, "extract"),
            schedules=ScheduleGroup(
                self, shared, "SourceSchedules", group="sources", function="sources"
            ),
            deliveries=ScheduleGroup(
                self, shared, "DeliverySchedules", group="deliveries", function="notify"
            ),
            topic_prefix=EmailTopics(self, shared).prefix,
            receiver_secrets=f"waybill/{shared.environment.name}/receivers/",
            source_buckets=shared.environment.source_buckets,
            source_networks=shared.environment.source_networks,
            source_secrets=f"waybill/{shared.environment.name}/sources/",
            plain_http=shared.environment.is_local,
            cache_url=shared.cache_url,
            chunks_at_once=shared.environment.chunks_at_once,
            waits_at_once=waits_at_once(shared.environment),
            max_upload_bytes=shared.environment.max_upload_bytes,
            key=shared.key,
            personal_key=shared.personal_key,
            tokens={**shared.tokens, **self.machine_keys.settings},
            bus=events.EventBus.from_event_bus_name(self, "Bus", "default"),
        )
        values, allowed = wiring.settings(resources), permissions(resources)
        reserved = reserved_concurrency(shared.environment)
        functions = {
            name: LambdaFunction(
                self,
                spec,
                shared,
                values[name],
                reserved_concurrency=reserved[name] if reserved else None,
            )
            for name, spec in FUNCTIONS.items()
        }
        for name, function in functions.items():
            function.allow(*allowed[name])
            if name == "authorizer":
                function.allow(*self.machine_keys.statements())
            if shared.key:
                function.allow(*use_key(shared.key, allowed[name]))
        return functions

    def _connect(self, environment: Environment) -> None:
        queues, functions, rules = self.queues, self.functions, self.event_rules
        limits = {
            "landed": environment.plans_at_once,
            "chunks": environment.loads_at_once,
            "merges": environment.merges_at_once,
            "extracts": environment.extracts_at_once if environment.limits_extracts else None,
        }
        for name, consumer in _CONSUMERS.items():
            queues[name].attach_consumer(functions[consumer], max_concurrency=limits[name])
        rules.from_buckets(self.buckets, queues["landed"].queue)
        rules.from_finished_jobs(functions["refresh"])
        rules.from_digests(functions["notify"])
        rules.on_schedule(functions["refresh"], minutes=environment.sweep_minutes)
        rules.on_schedule(functions["publish"], minutes=environment.publish_minutes)
        rules.on_schedule(functions["reap"], minutes=environment.sweep_minutes)

    def _outputs(self) -> None:
        outputs = {
            "ApiUrl": self.api.rest.url,
            "RestApiId": self.api.rest.rest_api_id,
            "ApiStage": STAGE,
            "UndeliveredDlqUrl": self.event_rules.undelivered.queue.queue_url,
            **self.machine_keys.outputs,
        }
        for name, work in self.queues.items():
            outputs[f"{name.capitalize()}QueueUrl"] = work.queue.queue_url
            outputs[f"{name.capitalize()}DlqUrl"] = work.dlq.queue.queue_url
        for name, function in self.functions.items():
            outputs[f"{name.capitalize()}FunctionName"] = function.function.function_name
        for name, value in outputs.items():
            CfnOutput(Stack.of(self), name, value=value)
