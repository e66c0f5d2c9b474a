"""A local stack of a test run's own."""

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
        waybill_home=folder / "home",
        waybill_port=free_port(),
        waybill_database_port=free_port(),
    )
    stack = Stack(settings, say)
    try:
        stack.up()
        yield stack
    finally:
        stack.down(erase=True)
