"""Fixtures of the reaper."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import FUNCTIONS, land
from tests.postgres.databases import Connection


@pytest.fixture
def planned(admin: Connection, cloud: Cloud) -> Cloud:
    assert admin
    land(cloud, "departments", "a.csv", b"1,Sales\n2,Legal\n")
    for record in cloud.take("landed"):
        FUNCTIONS["landed"]({"Records": [record]}, Context())
    return cloud
