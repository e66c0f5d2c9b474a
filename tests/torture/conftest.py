from tests.stateful.conftest import world_template

__all__ = ["world_template"]
