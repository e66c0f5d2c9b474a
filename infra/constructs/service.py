"""The service: queues, functions, hops and API, around buckets and a database that exist."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from infra import wiring
from infra.constructs.api import STAGE, Api
from infra.constructs.buckets import Buckets
from infra.constructs.event_rules import EventRules
from infra.constructs.function import LambdaFunction
from infra.constructs.queue import WorkQueue
from infra.constructs.shared_resources import SharedResources
from infra.environments import Environment
from infra.functions import FUNCTIONS

_CONSUMERS = {"landed": "plan", "chunks": "load", "merges": "merge"}


class Service(Construct):
    """Everything that holds no data for longer than a message lives."""

    def __init__(self, scope: Construct, ground: SharedResources, buckets: Buckets) -> None:
        """Make and connect it; its outputs are the stack's."""
        super().__init__(scope, "Service")
        self._buckets = buckets
        self.queues = {
            name: WorkQueue(
                self,
                name,
                environment=ground.environment,
                consumer_seconds=FUNCTIONS[consumer].timeout_seconds,
            )
            for name, consumer in _CONSUMERS.items()
        }
        self.steps = self._functions(ground)
        self.hops = EventRules(self, ground.environment)
        self._connect(ground.environment)
        self.api = Api(self, environment=ground.environment, steps=self.steps)
        self._outputs()

    def _functions(self, ground: SharedResources) -> dict[str, LambdaFunction]:
        places = wiring.Places(
            landing=self._buckets.landing,
            state=self._buckets.state,
            landed=self.queues["landed"].queue,
            chunks=self.queues["chunks"].queue,
            merges=self.queues["merges"].queue,
            landed_dead=self.queues["landed"].dead_letters.queue,
            chunks_dead=self.queues["chunks"].dead_letters.queue,
            merges_dead=self.queues["merges"].dead_letters.queue,
            chunks_at_once=ground.environment.chunks_at_once,
            bus=events.EventBus.from_event_bus_name(self, "Bus", "default"),
        )
        values, allowed = wiring.settings(places), wiring.permissions(places)
        steps = {
            step.name: LambdaFunction(self, step, ground, values[step.name])
            for step in FUNCTIONS.values()
        }
        for name, step in steps.items():
            step.allow(*allowed[name])
        return steps

    def _connect(self, environment: Environment) -> None:
        queues, steps = self.queues, self.steps
        queues["landed"].feed(steps["plan"], at_once=environment.plans_at_once)
        queues["chunks"].feed(steps["load"], at_once=environment.loads_at_once)
        queues["merges"].feed(steps["merge"], at_once=environment.merges_at_once)
        self.hops.from_buckets(self._buckets, queues["landed"].queue)
        self.hops.from_finished_jobs(steps["refresh"])
        self.hops.from_clock(steps["refresh"], minutes=5)
        self.hops.from_clock(steps["publish"], minutes=1)
        self.hops.from_clock(steps["reap"], minutes=5)

    def _outputs(self) -> None:
        found = {
            "ApiUrl": self.api.rest.url,
            "RestApiId": self.api.rest.rest_api_id,
            "ApiStage": STAGE,
            "UndeliveredDlqUrl": self.hops.undelivered.queue.queue_url,
        }
        for name, work in self.queues.items():
            found[f"{name.capitalize()}QueueUrl"] = work.queue.queue_url
            found[f"{name.capitalize()}DlqUrl"] = work.dead_letters.queue.queue_url
        for name, step in self.steps.items():
            found[f"{name.capitalize()}FunctionName"] = step.function.function_name
        for name, value in found.items():
            CfnOutput(Stack.of(self), name, value=value)
