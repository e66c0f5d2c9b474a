"""The local stack of this tree, as the commands reach it."""

from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from infra.local.stack_error import StackError
from infra.local.status import Status
from waybill_client.output import err


def local_stack() -> Stack:
    """The stack of the settings; what it does is shown as it goes on."""
    return Stack(
        LocalSettings.load(),
        lambda line: err.print(line, style="dim", markup=False, soft_wrap=True),
    )


def running() -> Status:
    """Where everything of the running stack is.

    Raises:
        StackError: it does not run.
    """
    status = local_stack().status()
    if status.state != "up":
        raise StackError(f"The local stack is {status.state}; start it with `make up`.")
    return status
