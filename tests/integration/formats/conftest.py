from tests.cloud.fixtures import cloud, environment_of

__all__ = ["cloud", "environment_of"]
