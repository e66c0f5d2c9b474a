"""The deployed API and the console pass the scan that a delivery runs."""

from collections.abc import Callable

import pytest

from infra.delivery.scan import scan

pytestmark = pytest.mark.e2e


def test_the_scan_has_no_findings(api: str, token: Callable[[], str]) -> None:
    assert "no findings" in scan(api, token())
