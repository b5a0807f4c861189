"""Invented persons and homes for the scenarios: a birth, a matricule, a FINESS that no other record has."""

from dataclasses import dataclass
from datetime import date, timedelta

from usager_server.conformity.run import Run

FIRST_BIRTH = date(1910, 1, 1)
DAYS = 10_000
ORDERS = 999


@dataclass(frozen=True)
class Birth:
    """A woman's birth in Brest. Shape: date is ISO; matricule is the INS, 15 characters, its key right."""

    date: str
    matricule: str


def a_birth(run: Run) -> Birth:
    """Return a birth of its own for each call: two records with one INS would be one person known twice."""
    drawn = _drawn(run, DAYS * ORDERS)
    born = FIRST_BIRTH + timedelta(days=drawn // ORDERS)
    body = f"2{born:%y%m}29019{drawn % ORDERS + 1:03d}"
    return Birth(born.isoformat(), f"{body}{97 - int(body) % 97:02d}")


def a_finess(run: Run) -> str:
    """Return the FINESS of a home of its own for each call, 9 digits: another scenario may have stored it otherwise."""
    return f"75{_drawn(run, 10**7):07d}"


def _drawn(run: Run, below: int) -> int:
    return int.from_bytes(run.unique("").encode()) % below
