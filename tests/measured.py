"""Coverage of the beginning of a test that computes long.

Python takes half as long again where coverage is measured, and what follows runs hardly any
other lines.
"""

import signal
from collections.abc import Generator

import pytest
from coverage import Coverage

_MEASURED_SECONDS = 3.0
"""CPU time of a test."""


class _Measurement:
    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._is_on = True

    def stop(self, *_: object) -> None:
        if self._is_on:
            self._is_on = False
            self._coverage.stop()

    def start(self) -> None:
        if not self._is_on:
            self._coverage.start()
            self._is_on = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Stop the measurement in this test, and start it again."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    if plugin is None or plugin.cov_controller is None:
        return (yield)
    measurement = _Measurement(plugin.cov_controller.cov)
    signal.signal(signal.SIGVTALRM, measurement.stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MEASURED_SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        measurement.start()
