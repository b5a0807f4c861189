"""The worlds of the tests of rights, which have structures and emergencies."""

from tests.access.conftest import (
    client,
    clients,
    house,
    owner,
    shared_database,
    shared_store,
    tenant,
    validator,
    world,
)
from tests.access.test_rights import two_houses
from tests.interactions.conftest import traced_house

__all__ = [
    "client",
    "clients",
    "house",
    "owner",
    "shared_database",
    "shared_store",
    "tenant",
    "traced_house",
    "two_houses",
    "validator",
    "world",
]
