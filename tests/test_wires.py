"""What may go in clear: to this machine, and nowhere else, whichever way the address is written."""

import pytest

from usager_server.wires import refuse_clear_database, refuse_clear_web

VERIFIED = "sslmode=verify-full&sslrootcert=/etc/usager/db-ca.pem"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing of PostgreSQL."""
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///usager",
        "postgresql://usager_app@/usager?host=/run/postgresql",
        "postgresql://usager_app@/usager?host=%2Frun%2Fpostgresql&port=5433",
        "postgresql://%2Frun%2Fpostgresql/usager",
        "postgresql://usager_app:p%40ss@localhost:5432/usager",
        "postgresql://[::1]:5432/usager?sslmode=disable",
        "postgresql://127.0.0.1,127.0.0.2:5433/usager",
        f"postgresql://usager_app@db.example/usager?{VERIFIED}",
        f"postgresql://one.example,two.example:5433/usager?{VERIFIED}",
    ],
)
def test_a_database_here_or_under_verified_tls_will_do(address: str) -> None:
    refuse_clear_database(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://db.example/usager",
        "postgresql://192.0.2.1:5432/usager?sslmode=require",
        "postgresql://db.example/usager?sslmode=verify-ca&sslrootcert=/etc/usager/db-ca.pem",
        f"postgresql://db.example/usager?{VERIFIED}&sslmode=prefer",
        "postgresql://localhost,db.example/usager",
        "postgresql://localhost/usager?host=db.example",
        "postgresql://localhost/usager?hostaddr=192.0.2.1",
        "postgresql:///usager?host=/run/postgresql,db.example",
        "postgresql:///usager?service=far",
        "postgresql://usager_app@db.example@localhost/usager",
        "postgresql://localhost.example/usager",
    ],
)
def test_a_database_elsewhere_in_clear_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"sslmode=verify-full&sslrootcert=FILE"):
        refuse_clear_database(address)


@pytest.mark.parametrize(
    ("name", "value"), [("PGHOST", "db.example"), ("PGHOSTADDR", "192.0.2.1"), ("PGSERVICE", "far")]
)
def test_what_the_environment_says_of_the_place_counts(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    refuse_clear_database("postgresql:///usager")
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="leads to another machine"):
        refuse_clear_database("postgresql:///usager")


@pytest.mark.parametrize("address", ["https://insi.example/lps", "http://localhost:4318", "http://[::1]/x"])
def test_what_is_called_here_or_under_tls_will_do(address: str) -> None:
    refuse_clear_web(address)


@pytest.mark.parametrize("address", ["http://insi.example/lps", "http://192.0.2.1", "http://localhost@far.example/"])
def test_what_is_called_elsewhere_in_clear_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must begin with https://"):
        refuse_clear_web(address)
