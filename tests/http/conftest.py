"""The fixtures of a served door."""

from tests.interactions.conftest import client, house, registry, validator

__all__ = ["client", "house", "registry", "validator"]
