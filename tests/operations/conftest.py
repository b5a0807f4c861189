"""The fixtures of a served door."""

from tests.interactions.conftest import client, house, validator

__all__ = ["client", "house", "validator"]
