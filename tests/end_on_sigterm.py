"""SIGTERM ends the tests as Ctrl-C does, so that the servers that fixtures started end too."""

import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Raise KeyboardInterrupt on SIGTERM, also in the processes that share the tests."""
    del config
    signal.signal(signal.SIGTERM, signal.default_int_handler)
