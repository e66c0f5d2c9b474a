"""A local stack of a test run's own."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.postgres import free_port
from infra.local.settings import LocalSettings
from infra.local.stack import Stack


@contextmanager
def own_stack(folder: Path, say: Callable[[str], None]) -> Iterator[Stack]:
    """It is up, says what it does by `say`, and is erased at the end."""
    settings = LocalSettings(
        # The database of a run that was killed stays, and is that of the same path.
        waybill_home=folder / f"home-{secrets.token_hex(4)}",
        waybill_port=free_port(),
        waybill_database_port=free_port(),
    )
    stack = Stack(settings, say)
    try:
        stack.up()
        yield stack
    finally:
        stack.down(erase=True)
