from tests.cloud.fixtures import cloud, environment_of
from tests.integration.path.test_path import admin

__all__ = ["admin", "cloud", "environment_of"]
