"""The table of addresses and what stands behind it."""

from typing import get_args

from usager_server.interactions.dispatch import INTERACTIONS
from usager_server.interactions.routing import Name


def test_every_interaction_named_by_an_address_is_there():
    assert set(INTERACTIONS) == set(get_args(Name))
    assert {function.__name__ for function in INTERACTIONS.values()} == set(INTERACTIONS)
