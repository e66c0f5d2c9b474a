"""The fixtures that every folder of tests may use."""

pytest_plugins = [
    "tests.cloud.fixtures",
    "tests.cloud.log_lines",
    "tests.integration.path.fixtures",
    "tests.postgres.fixtures",
    "tests.stateful.fixtures",
    "tests.unit.http.api_client",
]
