"""Which port to use, and what to tell when it is taken."""

from collections.abc import Callable

from infra.local.postgres import free_port, listens
from infra.local.processes import listener


class PortTakenError(Exception):
    """A port that a person asked for is in use; the message says by whom and the way on."""


def choose_port(
    what: str, *, chosen: int | None, variable: str, usual: int, say: Callable[[str], None]
) -> int:
    """The port for `what`: the one a person has `chosen`, else the `usual`, else a free one.

    Raises:
        PortTakenError: the chosen one is in use.
    """
    wanted = chosen or usual
    if not listens(wanted):
        return wanted
    taken = f"Port {wanted} is in use by {listener(wanted) or 'another process'}"
    if chosen:
        raise PortTakenError(
            f"{taken}, so {what} cannot have it. Stop that, or choose another port: "
            f"{variable}={free_port()}"
        )
    other = free_port()
    say(f"{taken}: {what} is on port {other} instead (set {variable} to choose).")
    return other
