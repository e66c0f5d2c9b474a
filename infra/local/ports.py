"""Chooses a port."""

from collections.abc import Callable

from infra.local.postgres import free_port, is_listening
from infra.local.processes import listener


class PortTakenError(Exception):
    """The configured port is in use; the message says by what and how to choose another."""


def choose_port(
    what: str, *, chosen: int | None, variable: str, usual: int, say: Callable[[str], None]
) -> int:
    """The port for `what`: `chosen` if given, else `usual` if it is free, else any free one.

    Raises:
        PortTakenError: `chosen` is in use.
    """
    port = chosen or usual
    if not is_listening(port):
        return port
    taken = f"Port {port} is in use by {listener(port) or 'another process'}"
    if chosen:
        raise PortTakenError(
            f"{taken}, so {what} cannot use it. Stop that process or choose another port: "
            f"{variable}={free_port()}"
        )
    other = free_port()
    say(f"{taken}: {what} uses port {other} instead (set {variable} to choose one).")
    return other
