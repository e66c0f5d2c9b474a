"""The cluster's identifier, known before it exists and never used twice."""

from aws_cdk import Fn, Stack

from infra.environments import Environment
from infra.restore import Restore


def cluster_name(stack: Stack, environment: Environment, restore: Restore | None) -> str:
    """`waybill-<env>-<first part of the stack's id>`, with the restore's mark if there is one.

    A fixed name would meet the kept cluster of an earlier stack, or of before the restore. The
    name of a log group must be known before the cluster writes to it.
    """
    # arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>
    uuid = Fn.select(2, Fn.split("/", stack.stack_id))
    name = f"waybill-{environment.name}-{Fn.select(0, Fn.split('-', uuid))}"
    return f"{name}-{restore.mark}" if restore else name
