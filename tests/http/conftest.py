"""The fixtures of a served door."""

from tests.interactions.conftest import client, house, owner, shared_database, shared_store, tenant, validator

__all__ = ["client", "house", "owner", "shared_database", "shared_store", "tenant", "validator"]
