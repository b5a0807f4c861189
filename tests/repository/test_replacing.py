"""Which database an address means, and the address of another one beside it."""

import pytest

from usager_server.repository.replacing import at_database, database_of


@pytest.mark.parametrize(
    ("url", "name", "other"),
    [
        ("postgresql://u:p@h:5/d?sslmode=require", "d", "postgresql://u:p@h:5/x%20y?sslmode=require"),
        ("postgresql:///d?host=%2Ftmp", "d", "postgresql:///x%20y?host=%2Ftmp"),
        ("postgresql://u@h", "u", "postgresql://u@h/x%20y"),
        ("postgresql://u@h/d%20e", "d e", "postgresql://u@h/x%20y"),
    ],
)
def test_an_address_names_a_database(url: str, name: str, other: str) -> None:
    assert (database_of(url), at_database(url, "x y")) == (name, other)
